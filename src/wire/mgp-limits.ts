/** Every length of mgp/1, in one place; `docs/protocol.md` states the same numbers. Checked before anything is allocated. */
export const mgpLimits = {
  /** Payload of one DATA frame. */
  dataBytesMax: 1024 * 1024,
  /** Payload of any other frame. */
  controlBytesMax: 1024 * 1024,
  /** Payload of a frame from a client: the longest name, every byte of it escaped, with room for the rest. */
  requestBytesMax: 32 * 1024,
  /** A name, in bytes of UTF-8. */
  nameBytesMax: 4096,
  /** Piece hashes in one HASHES answer (32 bytes each). */
  hashesMax: 32_768,
  /** Entries in one LIST answer. */
  listEntriesMax: 1000,
  /** RANGE requests that a client may have open on one connection. */
  rangesOpenMax: 64,
  /** A file, so that offsets stay exact in JavaScript (2^53 - 1). */
  fileBytesMax: Number.MAX_SAFE_INTEGER,
  /** Smallest and largest piece, powers of two. */
  pieceBytesMin: 64 * 1024,
  pieceBytesMax: 64 * 1024 * 1024,
  /** Pieces of one file. */
  piecesMax: 4 * 1024 * 1024,
} as const;
