/** What an HTTP/1.1 client takes from a server at the most. Checked before anything is allocated. */
export const httpLimits = {
  /** A response head: status line and all header lines. */
  headBytesMax: 64 * 1024,
  /** One line of it. */
  lineBytesMax: 16 * 1024,
  headersMax: 200,
  /** Interim answers (100, 103) before the real one. */
  interimAnswersMax: 16,
  /** The line before each chunk, extensions included. */
  chunkLineBytesMax: 1024,
  /** Trailer lines behind the last chunk, together. */
  trailerBytesMax: 16 * 1024,
  /** The head of a part of a multipart answer. */
  partHeadBytesMax: 8 * 1024,
} as const;
