import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { ByteRange } from '../../src/base/byte-range.js';
import { ManygetError } from '../../src/base/errors.js';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import type { SegmentId } from '../../src/core/scheduler-messages.js';
import { EventLog } from '../../src/engine/event-log.js';
import { Link, type LinkEvents, type LinkInlet } from '../../src/engine/link.js';
import type { LinkPace } from '../../src/engine/pace.js';
import type { SourceRunner } from '../../src/engine/source-runner.js';
import { Transfer } from '../../src/engine/transfer.js';
import type { ConnectionHandler, SourceConnection, SourceInfo } from '../../src/sources/source.js';
import { Journal } from '../../src/store/journal.js';
import { PartFile } from '../../src/store/part-file.js';
import { meansOf } from '../../src/store/shared-means.js';
import { mib, seededBytes } from '../support/download-lab.js';
import { FaultyDisk } from '../support/faulty-disk.js';
import { tempFolder } from '../support/temp-folder.js';

const size = 4 * mib;
const right = seededBytes(size, 1);

/** A connection that brings what it was asked for when the test says so. */
class Peer {
  readonly id: ConnectionId;
  readonly runner: SourceRunner;
  readonly connectMs = 1;
  /** All that it was asked for, ever. */
  readonly asked: ByteRange[] = [];
  inlet: LinkInlet | undefined;
  readonly #bytes: Uint8Array;
  readonly #owed: { readonly segment: SegmentId; at: number; end: number }[] = [];

  constructor(number: number, bytes: Uint8Array) {
    this.id = number as ConnectionId;
    const source = { url: `mgp://h:${number}/f`, label: `h:${number}` };
    this.runner = {
      id: number as SourceId,
      source,
      info: undefined,
      wrote: () => undefined,
      noteFirstByte: () => undefined,
    } as unknown as SourceRunner;
    this.#bytes = bytes;
  }

  get link(): Link {
    return this as unknown as Link;
  }

  get owes(): boolean {
    return this.#owed.length > 0;
  }

  attach(inlet: LinkInlet): void {
    this.inlet = inlet;
  }

  request(segment: SegmentId, start: number, end: number): void {
    this.asked.push({ start, end });
    this.#owed.push({ segment, at: start, end });
  }

  trim(segment: SegmentId, end: number): void {
    const range = this.#owed.find((owed) => owed.segment === segment);
    if (range !== undefined) range.end = Math.max(range.at, Math.min(range.end, end));
  }

  /** Brings so many bytes at once of what it owes. */
  bring(transfer: Transfer, bytesMax: number): void {
    const range = this.#owed[0];
    if (range === undefined || this.inlet === undefined) throw new Error('nothing is owed');
    const to = Math.min(range.end, range.at + bytesMax);
    this.inlet.start(range.at, to - range.at);
    while (range.at < to) {
      const target = this.inlet.target(to - range.at);
      if (target === undefined) throw new Error('there is no room');
      const bytes = Math.min(target.length, to - range.at);
      target.set(this.#bytes.subarray(range.at, range.at + bytes));
      range.at += bytes;
      this.inlet.filled(bytes);
    }
    transfer.progressed(this.link, range.segment, range.at);
    if (range.at < range.end) return;
    this.#owed.shift();
    transfer.segmentEnded(this.link, range.segment, range.end);
  }
}

/** A transfer past the page cache, onto a disk whose writes land when the test says so. */
function world(peers: readonly Peer[]) {
  const disk = new FaultyDisk();
  const partPath = path.join(tempFolder(), 'f.part');
  const part = PartFile.open(disk, partPath, size, { fresh: true });
  expect(part.openDirect()).toBe(true);
  const header = { sizeBytes: size, pieceBytes: mib, name: 'f', id: '0'.repeat(32), createdMs: 0 };
  const faults: string[] = [];
  let nowMs = 0;
  const transfer = new Transfer({
    sizeBytes: size,
    pieceBytes: mib,
    verify: true,
    pieceAlgorithm: 'sha256',
    memory: { poolBytesMax: 28 * mib, openBlocksBytesMax: 24 * mib },
    part,
    journal: Journal.create(disk, `${partPath}.journal`, header),
    replay: undefined,
    means: meansOf(undefined, undefined),
    isReadBack: () => false,
    connectionsPerSourceMax: 1,
    events: new EventLog(() => nowMs),
    nowMs: () => (nowMs += 1),
    runner: (source) => peers[source]?.runner,
    mayHearHashes: () => true,
    onBlocked: (error) => faults.push(error.message),
    onUnblocked: () => undefined,
    onCorrupt: (piece) => faults.push(`piece ${piece} is wrong`),
    onForgotten: () => undefined,
    onAdvance: () => undefined,
    onFatal: (error) => faults.push(error.message),
  });
  const digests = [0, 1, 2, 3].map((i) =>
    createHash('sha256')
      .update(right.subarray(i * mib, (i + 1) * mib))
      .digest(),
  );
  transfer.verifier.setExpected(Buffer.concat(digests));
  return { disk, part, partPath, transfer, faults };
}

it('asks nobody for bytes again while the wrong ones are on their way to the disk, so that these never land last', async () => {
  const liar = new Peer(0, seededBytes(size, 2));
  const honest = new Peer(1, right);
  const { disk, part, partPath, transfer, faults } = world([liar, honest]);
  let land = (): void => undefined;
  const held = new Promise<void>((resolve) => (land = resolve));
  let writes = 0;
  disk.landing = (offset) => (offset === 0 && (writes += 1) === 1 ? held : undefined);
  for (const source of [0, 1]) transfer.dispatch({ type: 'source-expected', source: source as SourceId });
  transfer.attach(liar.link);
  transfer.attach(honest.link);
  liar.bring(transfer, mib);
  expect(writes).toBe(1);
  transfer.distrust(liar.runner.id);
  transfer.detach(liar.link);
  while (honest.owes) honest.bring(transfer, mib);
  await expect.poll(() => transfer.ledger.verifiedBytes).toBe(size - mib);
  expect(honest.asked.filter(({ start }) => start < mib)).toEqual([]);
  land();
  await expect.poll(() => honest.owes).toBe(true);
  while (honest.owes) honest.bring(transfer, mib);
  await transfer.sink.drained();
  expect(transfer.ledger.isVerified).toBe(true);
  expect(readFileSync(partPath).equals(right)).toBe(true);
  expect(faults).toEqual([]);
  transfer.close();
  part.close();
});

/**
 * A connection whose requests cannot be cut short. Its socket reads into memory that it was given before; a request that
 * was not sent yet ends when it is taken back.
 */
class Reading implements SourceConnection {
  readonly runner: SourceRunner;
  readonly link: Link;
  readonly #owed: { readonly segment: SegmentId; readonly start: number; at: number; readonly end: number }[] = [];
  #handler: ConnectionHandler | undefined;
  #armed: Uint8Array | undefined;
  /** Bytes that are in the armed memory, and of which nobody was told. */
  #untold = 0;

  constructor(events: LinkEvents) {
    const source = {
      url: 'http://h/f',
      label: 'h',
      connect: (handler: ConnectionHandler) => {
        this.#handler = handler;
        return this;
      },
    };
    this.runner = {
      id: 0 as SourceId,
      source,
      arrived: () => undefined,
      wrote: () => undefined,
      noteFirstByte: () => undefined,
    } as unknown as SourceRunner;
    const pace = { most: (_link: unknown, bytes: number) => bytes, took: () => undefined } as unknown as LinkPace;
    this.link = new Link(0 as ConnectionId, this.runner, { links: events, pace, connectTimeoutMs: 1000 });
    const traits = { canTrim: false, ranges: true };
    this.link.info = { traits } as unknown as SourceInfo;
  }

  get requests(): number {
    return this.#owed.length;
  }

  request(segment: SegmentId, start: number, end: number): void {
    this.#owed.push({ segment, start, at: start, end });
  }

  trim(segment: SegmentId): void {
    const at = this.#owed.findIndex((owed) => owed.segment === segment);
    if (at > 0) this.#handler?.segmentEnded(segment, this.#owed.splice(at, 1)[0]?.start ?? 0);
  }

  requestHashes(): void {}
  ping(): void {}
  resume(): void {}
  close(): void {}

  /** So many bytes of the first request come into the socket's memory. */
  receive(bytesMax: number): number {
    const [range] = this.#owed;
    if (range === undefined) throw new Error('nothing was asked for');
    if (range.at === range.start) this.#handler?.dataStart(range.segment, range.start, range.end - range.start);
    this.#armed ??= this.#handler?.dataTarget(range.end - range.at);
    if (this.#armed === undefined) throw new Error('there is no room');
    this.#untold = Math.min(bytesMax, range.end - range.at, this.#armed.length);
    this.#armed.set(right.subarray(range.at, range.at + this.#untold));
    return range.at + this.#untold;
  }

  /** And are told; a request that has all, or that nobody wants any more, ends. */
  tell(isLast: boolean): void {
    const [range] = this.#owed;
    if (range === undefined) throw new Error('nothing was asked for');
    range.at += this.#untold;
    this.#armed = undefined;
    this.#handler?.dataFilled(this.#untold);
    if (range.at < range.end && !isLast) return;
    this.#owed.shift();
    this.#handler?.segmentEnded(range.segment, range.at);
  }
}

it('keeps the memory that a socket reads into when another request of its connection ends before it began', () => {
  const { part, partPath, transfer, faults } = world([]);
  part.closeDirect();
  const events = {
    progressed: (link: Link, segment: SegmentId, position: number) => transfer.progressed(link, segment, position),
    segmentEnded: (link: Link, segment: SegmentId, end: number) => transfer.segmentEnded(link, segment, end),
  } as unknown as LinkEvents;
  const reading = new Reading(events);
  transfer.attach(reading.link);
  for (let portions = 0; reading.requests < 2; portions += 1) {
    if (portions > 200) throw new Error('expected a second request before the first one is done');
    reading.receive(8 * 1024);
    reading.tell(false);
    reading.link.report();
  }
  const end = reading.receive(2909);
  transfer.pause();
  expect(reading.requests).toBe(1);
  reading.tell(true);
  transfer.flush();
  expect(faults).toEqual([]);
  expect(transfer.ledger.isMissing(end - 2909, end)).toBe(false);
  expect(transfer.ledger.missing(0, end)).toEqual([]);
  expect(readFileSync(partPath).subarray(0, end).equals(right.subarray(0, end))).toBe(true);
  transfer.close();
  part.close();
});

/** What a sync says while another transfer takes the place of this one is about a file that is gone. */
it('hears of no sync that ends once it was discarded', async () => {
  const { part, transfer, faults } = world([]);
  let end = (_error: Error): void => undefined;
  const synced = transfer.sync(() => new Promise((_resolve, reject) => (end = reject)));
  transfer.discard();
  end(new Error('a closed journal was flushed'));
  await synced;
  expect(faults).toEqual([]);
  part.close();
});

it('ends where a sync of the file fails, and waits where the journal alone has no room', async () => {
  const { disk, part, transfer, faults } = world([]);
  await transfer.sync(() => Promise.reject(new ManygetError('disk-full', 'no room for the journal')));
  expect([faults, transfer.isBlocked]).toEqual([['no room for the journal'], true]);
  transfer.flush();
  expect(transfer.isBlocked).toBe(false);
  disk.fail('dataSync', 'ENOSPC');
  await transfer.sync(() => part.sync());
  expect([faults.length, transfer.isBlocked]).toEqual([2, false]);
  expect(faults[1]).toContain('sync');
  transfer.close();
  part.close();
});
