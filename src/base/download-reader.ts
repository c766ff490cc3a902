/** What of a file is to be read while it is being downloaded. */
export interface ReaderOptions {
  /** First byte, from 0. Default 0. */
  readonly start?: number;
  /** Offset after the last byte. Default, and at most: the end of the file. */
  readonly end?: number;
  readonly signal?: AbortSignal;
  /**
   * All chunks lie in the same memory: each is the caller's only until it asks for the next one. Default: each is its own.
   */
  readonly sharesMemory?: boolean;
}

/**
 * Reads a part of the file in order, waiting for what is not there yet: chunks of 1 byte to 1 MiB.
 * Where the hashes of pieces are known, or will be, only verified bytes are handed out; else those that have come, once the
 * sources agree. What the reader that was opened last wants next is fetched first.
 *
 * Rejects with the error of the download where that ends without the bytes, and with `aborted` for its signal. To be
 * ended where it is not read to the end: `for await` does, as `return()` and `await using` do. One call of `next` at a time.
 */
export interface DownloadReader extends AsyncIterableIterator<Uint8Array, undefined>, AsyncDisposable {
  /** Offset of the byte that comes next. */
  readonly position: number;
  return(): Promise<IteratorResult<Uint8Array, undefined>>;
}
