import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ManygetError } from '../../src/base/errors.js';
import { HashList } from '../../src/engine/hash-list.js';
import type { Link } from '../../src/engine/link.js';
import { contentId } from '../../src/wire/content-id.js';
import { mgpLimits } from '../../src/wire/mgp-limits.js';

const pieceBytes = 65_536;

/** A connection that remembers what it was asked for. */
class FakeLink {
  readonly asked: { first: number; count: number }[] = [];
  readonly runner: { source: { label: string } };
  info: { contentId: string | undefined } | undefined;
  isClosed = false;
  isWaitingForRoom = false;
  inlet = { offset: 0 };
  closedWith: ManygetError | undefined;

  constructor(label: string, stated: string | undefined) {
    this.runner = { source: { label } };
    this.info = { contentId: stated };
  }

  requestHashes(first: number, count: number): void {
    this.asked.push({ first, count });
  }

  close(error: ManygetError): void {
    this.closedWith = error;
  }

  get link(): Link {
    return this as unknown as Link;
  }
}

function world(pieces: number) {
  const sizeBytes = pieces * pieceBytes;
  const right = new Uint8Array(pieces * 32);
  for (let i = 0; i < pieces; i += 1) right.set(createHash('sha256').update(String(i)).digest(), i * 32);
  const got: { link: Link; hashes: Uint8Array }[] = [];
  const wrong: { link: Link; error: ManygetError }[] = [];
  const list = new HashList({
    sizeBytes,
    pieceBytes,
    onHashes: (link, hashes) => got.push({ link, hashes }),
    onWrong: (link, error) => wrong.push({ link, error }),
  });
  return { list, right, id: contentId(sizeBytes, pieceBytes, right), got, wrong };
}

describe('the list of piece hashes', () => {
  it('is asked of one connection at a time, in as many requests as its length takes', () => {
    const pieces = mgpLimits.hashesMax + 3;
    const { list, right, id, got } = world(pieces);
    const [a, b] = [new FakeLink('a', id), new FakeLink('b', id)];
    list.offer(a.link);
    list.offer(b.link);
    expect(a.asked).toEqual([{ first: 0, count: mgpLimits.hashesMax }]);
    list.received(a.link, 0, right.subarray(0, mgpLimits.hashesMax * 32));
    expect(a.asked[1]).toEqual({ first: mgpLimits.hashesMax, count: 3 });
    expect(got).toEqual([]);
    list.received(a.link, mgpLimits.hashesMax, right.subarray(mgpLimits.hashesMax * 32));
    expect(got).toHaveLength(1);
    expect(got[0]?.link).toBe(a);
    expect(Buffer.compare(got[0]?.hashes ?? new Uint8Array(0), right)).toBe(0);
    expect(b.asked).toEqual([]);
  });

  it('is asked of another connection where the one that was asked falls silent, but not while that brings bytes', () => {
    const { list, right, id, got } = world(2);
    const [a, b] = [new FakeLink('a', id), new FakeLink('b', id)];
    list.offer(a.link);
    list.tick(0);
    a.inlet.offset = 10;
    list.tick(4000);
    list.tick(8999);
    expect(a.closedWith).toBeUndefined();
    list.tick(9001);
    expect(a.closedWith).toMatchObject({ code: 'source-silent' });
    list.offer(b.link);
    list.received(b.link, 0, right);
    expect(got).toHaveLength(1);
  });

  it('is not asked of a connection whose source is still hashing', () => {
    const { list } = world(2);
    const a = new FakeLink('a', undefined);
    list.offer(a.link);
    expect(a.asked).toEqual([]);
  });

  it('is asked of the next one from its beginning, where the first is lost', () => {
    const { list, right, id, got } = world(4);
    const [a, b] = [new FakeLink('a', id), new FakeLink('b', id)];
    list.offer(a.link);
    list.lost(a.link);
    list.offer(b.link);
    expect(b.asked).toEqual([{ first: 0, count: 4 }]);
    list.received(a.link, 0, right);
    expect(got).toEqual([]);
    list.received(b.link, 0, right);
    expect(got).toHaveLength(1);
  });

  it('that does not give the content id is refused, and asked of another', () => {
    const { list, right, id, got, wrong } = world(4);
    const [liar, honest] = [new FakeLink('liar', id), new FakeLink('honest', id)];
    list.offer(liar.link);
    list.received(
      liar.link,
      0,
      right.map((byte) => byte ^ 1),
    );
    expect(wrong).toMatchObject([{ link: liar, error: { code: 'protocol-violation' } }]);
    expect(wrong[0]?.error.message).toContain(id);
    list.offer(honest.link);
    list.received(honest.link, 0, right);
    expect(got).toHaveLength(1);
  });

  it('of an empty file is known without asking', () => {
    const { list, id, got } = world(0);
    const a = new FakeLink('a', id);
    list.offer(a.link);
    expect(a.asked).toEqual([]);
    expect(got).toHaveLength(1);
  });
});
