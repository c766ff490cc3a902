import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mgpErrorCodes, readMessage } from '../../src/wire/mgp-messages.js';
import { choosePieceBytes, contentId } from '../../src/wire/content-id.js';
import { encodePreamble, FrameReader, frameType, type FrameHeader } from '../../src/wire/mgp-frame.js';
import { mgpLimits } from '../../src/wire/mgp-limits.js';

const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```hex\n([^`]*)```/g)].map((match) =>
  Buffer.from((match[1] ?? '').replaceAll(/\s/g, ''), 'hex'),
);

interface Message extends FrameHeader {
  readonly payload: Uint8Array;
}

/** The frames of one side, read by the codec. */
function frames(bytes: readonly Buffer[]): Message[] {
  const seen: Message[] = [];
  let target = new Uint8Array(0);
  const reader = new FrameReader(
    {
      frame: (header, payload) => seen.push({ ...header, payload }),
      dataStart: (requestId, offset, payloadBytes) => {
        target = new Uint8Array(payloadBytes);
        seen.push({ type: frameType.data, requestId, offset, payloadBytes, payload: target });
      },
      dataTarget: () => target,
      dataFilled: () => undefined,
    },
    { acceptsData: true, peer: 'the page' },
  );
  for (const block of [encodePreamble(), ...bytes]) reader.push(block);
  expect(reader.atBoundary).toBe(true);
  return seen;
}

describe('the page of the protocol', () => {
  it('names every type of frame with its number, and every error code', () => {
    const rows = [...page.matchAll(/^\| `0x([0-9a-f]{2})` \|/gm)].map((m) => parseInt(m[1] ?? '', 16));
    expect(rows.sort((a, b) => a - b)).toEqual(Object.values(frameType).sort((a, b) => a - b));
    for (const code of mgpErrorCodes) expect(page).toMatch(new RegExp(`^\\| \`${code}\``, 'm'));
  });

  it('states every limit', () => {
    for (const limit of Object.values(mgpLimits))
      expect(page).toContain(limit.toLocaleString('en-US').replace(/^64$/, '64; '));
  });

  it('shows an example that the codec reads, and whose numbers are right', () => {
    const [preamble, hello, stat, serverPreamble, helloAnswer, answer, range, data, end, second, ask, hashes, goodbye] =
      blocks;
    expect(blocks).toHaveLength(13);
    expect(preamble?.equals(encodePreamble())).toBe(true);
    expect(serverPreamble?.equals(encodePreamble())).toBe(true);
    const of = (...parts: (Buffer | undefined)[]): Message[] => frames(parts.filter((p) => p !== undefined));
    const client = of(hello, stat, range, ask, goodbye);
    const { hello: h, stat: s, range: r, hashes: k, goodbye: g } = frameType;
    expect(client.map((f) => f.type)).toEqual([h, s, r, k, g]);
    const server = of(helloAnswer, answer, data, end, second, hashes);
    const { helloAnswer: ha, statAnswer: sa, data: d, end: e, hashesAnswer: ka } = frameType;
    expect(server.map((f) => f.type)).toEqual([ha, sa, d, e, sa, ka]);
    expect(Buffer.from(server[2]?.payload ?? []).toString()).toBe('world');
    expect([server[2]?.offset, server[3]?.offset]).toEqual([6, 11]);
    const facts = readMessage.statAnswer(server[4]?.payload ?? new Uint8Array(0), 'the page');
    const pieces = createHash('sha256').update('hello world').digest();
    expect(Buffer.from(server[5]?.payload ?? []).equals(pieces)).toBe(true);
    // A server that cuts its files otherwise is left out.
    expect(facts.pieceBytes).toBe(choosePieceBytes(facts.size));
    expect(facts.contentId).toBe(contentId(11, facts.pieceBytes, pieces));
    expect(facts.sha256).toBe(pieces.toString('hex'));
    expect(readMessage.range(client[2]?.payload ?? new Uint8Array(0), 'the page')).toMatchObject({ end: 11 });
  });
});
