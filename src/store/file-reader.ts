import { open, type FileHandle } from 'node:fs/promises';
import { diskError, quoted } from './disk-error.js';
import { openFlags } from './disk.js';

/** Reads bytes of a file that is there, or still coming. */
export interface ByteReader {
  /** Fills `target` from file offset `offset`; rejects with `io-failed` where that many bytes are not there. */
  read(target: Uint8Array, offset: number): Promise<void>;
  close(): Promise<void>;
}

/** A file on the disk, open for reading: stays what it is when it gets another name. */
export class FileReader implements ByteReader {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Rejects with `io-failed`. */
  static async open(path: string): Promise<FileReader> {
    try {
      return new FileReader(path, await open(path, openFlags.readFollowing));
    } catch (error) {
      throw diskError(error, `open ${quoted(path)}`);
    }
  }

  async read(target: Uint8Array, offset: number): Promise<void> {
    let at = 0;
    try {
      while (at < target.length) {
        const { bytesRead } = await this.#file.read(target, at, target.length - at, offset + at);
        if (bytesRead === 0) throw new Error(`it ends at ${offset + at}`);
        at += bytesRead;
      }
    } catch (error) {
      throw diskError(error, `read ${target.length - at} bytes at offset ${offset + at} of ${quoted(this.#path)}`);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
