/** What an HTTP server takes from a client at the most; `docs/http-server.md` states the same numbers. */
export const httpRequestLimits = {
  /** A request head: the request line and all header lines. */
  headBytesMax: 16 * 1024,
  headersMax: 100,
  /** The target in the request line. */
  targetBytesMax: 8 * 1024,
  /** Empty lines before a request line, which old clients put behind a body. */
  emptyLinesMax: 4,
  /** Ranges in one request; with more, the whole file is sent. */
  rangesMax: 64,
  /** Entity tags in one If-Match or If-None-Match. */
  tagsMax: 100,
} as const;
