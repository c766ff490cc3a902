import { createHash } from 'node:crypto';
import { mgpLimits } from './mgp-limits.js';

/**
 * A file's identity by its bytes alone: SHA-256 over "mgp-content/1\n", the size and the piece size (big-endian,
 * 8 and 4 bytes), and the SHA-256 of every piece in order. Two servers with the same id hold the same bytes, and a
 * list of piece hashes can be checked against the id.
 */
export function contentId(sizeBytes: number, pieceBytes: number, pieceHashes: Uint8Array): string {
  const head = new DataView(new ArrayBuffer(12));
  head.setUint32(0, Math.floor(sizeBytes / 0x1_0000_0000));
  head.setUint32(4, sizeBytes % 0x1_0000_0000);
  head.setUint32(8, pieceBytes);
  return createHash('sha256')
    .update('mgp-content/1\n')
    .update(new Uint8Array(head.buffer))
    .update(pieceHashes)
    .digest('hex');
}

/** Files that offsets and piece tables cannot hold are neither served nor fetched: 256 TiB is where the pieces run out. */
export const handledFileBytesMax = Math.min(mgpLimits.fileBytesMax, mgpLimits.piecesMax * mgpLimits.pieceBytesMax);

/** Number of pieces of a file; an empty file has none. */
export function pieceCount(sizeBytes: number, pieceBytes: number): number {
  return Math.ceil(sizeBytes / pieceBytes);
}

/** The piece size for a file: 1 MiB, doubled until the file has at most 65,536 pieces, 64 MiB at most. */
export function choosePieceBytes(sizeBytes: number): number {
  let pieceBytes = 1024 * 1024;
  while (pieceBytes < mgpLimits.pieceBytesMax && sizeBytes / pieceBytes > 65_536) pieceBytes *= 2;
  return pieceBytes;
}
