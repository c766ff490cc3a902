import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { choosePieceBytes, contentId, pieceCount } from '../../src/wire/content-id.js';
import { mgpLimits } from '../../src/wire/mgp-limits.js';

const mib = 1024 * 1024;

function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

describe('a content id', () => {
  // The vector's numbers come from outside of this code: printf and sha256sum over the same bytes.
  test('is what docs/protocol.md says, byte for byte', () => {
    expect(contentId(3, mib, sha256('abc'))).toBe('a768071a850173089864db13ec5f71a66d6de117c20f6f31b25b117598b9d3d7');
    expect(contentId(0, mib, new Uint8Array(0))).toBe(
      'bedb4a46297c8885b4c03a1d51924acb99ad867038546f9a7d76262250fa93c6',
    );
  });

  test('writes sizes over 4 GiB in all of its eight bytes', () => {
    const size = 5 * 1024 ** 3 + 1;
    const head = Buffer.from('00000001' + '40000001' + '00100000', 'hex');
    const expected = sha256(Buffer.concat([Buffer.from('mgp-content/1\n'), head, Buffer.alloc(64, 7)]));
    expect(contentId(size, mib, Buffer.alloc(64, 7))).toBe(expected.toString('hex'));
  });

  test('differs where the size, the piece size, a hash or their order differs', () => {
    const [a, b] = [sha256('a'), sha256('b')];
    const ids = [
      contentId(2 * mib, mib, Buffer.concat([a, b])),
      contentId(2 * mib, mib, Buffer.concat([b, a])),
      contentId(2 * mib - 1, mib, Buffer.concat([a, b])),
      contentId(2 * mib, 2 * mib, Buffer.concat([a, b])),
      contentId(2 * mib, mib, Buffer.concat([a, a])),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('pieces', () => {
  test('cover the file, with a short one at the end', () => {
    const counts = [0, 1, mib - 1, mib, mib + 1, 5 * 1024 ** 3].map((size) => pieceCount(size, mib));
    expect(counts).toEqual([0, 1, 1, 1, 2, 5120]);
  });

  test('are 256 KiB of small files, doubled up to 1 MiB so that there are at most 512 of them', () => {
    expect(choosePieceBytes(0)).toBe(mib / 4);
    expect(choosePieceBytes(128 * mib)).toBe(mib / 4);
    expect(choosePieceBytes(128 * mib + 1)).toBe(mib / 2);
    expect(choosePieceBytes(256 * mib)).toBe(mib / 2);
    expect(choosePieceBytes(256 * mib + 1)).toBe(mib);
  });

  test('are 1 MiB of larger ones, and grow by doubling so that there are at most 65,536 of them', () => {
    expect(choosePieceBytes(1024 * mib)).toBe(mib);
    expect(choosePieceBytes(65_536 * mib)).toBe(mib);
    expect(choosePieceBytes(65_536 * mib + 1)).toBe(2 * mib);
    expect(choosePieceBytes(2 ** 50)).toBe(mgpLimits.pieceBytesMax);
    expect(choosePieceBytes(Number.MAX_SAFE_INTEGER)).toBe(mgpLimits.pieceBytesMax);
  });
});
