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

const pieceBytesLeast = 256 * 1024;
const pieceBytesUsual = 1024 * 1024;
/** Until a piece has the usual size a file has no more of them: their hashes are read before the first byte is asked for. */
const smallPiecesMax = 512;
const usualPiecesMax = 65_536;

/**
 * The piece size for a file: 256 KiB, doubled until the file has at most 512 pieces, but not beyond 1 MiB; from there doubled
 * until it has at most 65,536, 64 MiB at most. Whoever reads along waits for whole pieces, so they are as small as their
 * hashes allow.
 */
export function choosePieceBytes(sizeBytes: number): number {
  let pieceBytes = pieceBytesLeast;
  while (pieceBytes < pieceBytesUsual && sizeBytes / pieceBytes > smallPiecesMax) pieceBytes *= 2;
  while (pieceBytes < mgpLimits.pieceBytesMax && sizeBytes / pieceBytes > usualPiecesMax) pieceBytes *= 2;
  return pieceBytes;
}
