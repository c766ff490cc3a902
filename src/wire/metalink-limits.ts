/** How much of a Metalink document is read, in one place; `docs/manifests.md` states the same numbers. */
export const metalinkLimits = {
  /** The document: about 700,000 pieces with SHA-256. */
  bytesMax: 64 * 1024 * 1024,
  /** Elements within each other. */
  depthMax: 32,
  filesMax: 10_000,
  /** Addresses of one file. */
  urlsMax: 1000,
  /** Piece hashes of one file, and of all files together. */
  piecesMax: 1024 * 1024,
  /** A piece: what the journal has room for. */
  pieceBytesMax: 0xffff_ffff,
  /** The text of one element, in UTF-16 units. */
  textCharsMax: 8192,
  /** What is told of what is left out. */
  noticesMax: 20,
} as const;
