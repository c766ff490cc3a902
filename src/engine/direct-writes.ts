import type { ByteRange } from '../base/byte-range.js';
import { asManygetError, type ManygetError } from '../base/errors.js';
import type { SourceId } from '../base/ids.js';
import type { Block } from '../store/block-pool.js';
import { directUnitBytes, type PartFile } from '../store/part-file.js';
import type { PieceHasher } from '../store/piece-hasher.js';
import type { DigestKind } from '../store/range-digest.js';

/** A block on its way to the disk: file bytes [start, end). */
export interface DirectWrite extends ByteRange {
  readonly block: Block;
  readonly source: SourceId;
  /** What `digest` is of its bytes, which are hashed while they are being written. */
  readonly kind: DigestKind;
  digest: Uint8Array | undefined;
  isWritten: boolean;
  /** Its bytes are not wanted any more. */
  isVoid: boolean;
}

interface DirectWritesParts {
  readonly part: PartFile;
  readonly hasher: Pick<PieceHasher, 'hashBlock'>;
  /** In the file now, with its digest: to be booked, and the block to be taken over. */
  readonly onWritten: (write: DirectWrite) => void;
  /** It is on its way no longer, and was not wanted: its bytes are missing, and the block is to be taken over. */
  readonly onVoid: (write: DirectWrite) => void;
  /** The disk refused; the write waits for `retry`. */
  readonly onFailed: (error: ManygetError) => void;
}

/**
 * Owns the blocks that are on their way to the disk past the page cache, each from `start` until it is booked. Their digests
 * are taken meanwhile.
 *
 * Invariant: no two of them hold the same byte of the file, and none holds one that is booked. What is not wanted any more
 * keeps its place until it has landed: nobody can call it back from the disk, and it must not land on what came after it.
 */
export class DirectWrites {
  readonly #parts: DirectWritesParts;
  readonly #writes = new Set<DirectWrite>();
  readonly #failed: DirectWrite[] = [];
  #waiting: (() => void)[] = [];

  constructor(parts: DirectWritesParts) {
    this.#parts = parts;
  }

  /** Bytes in blocks that are not written yet. */
  get bytes(): number {
    let bytes = 0;
    for (const write of this.#writes) bytes += write.end - write.start;
    return bytes;
  }

  get isEmpty(): boolean {
    return this.#writes.size === 0;
  }

  /** True where a block of this place and length can go this way. */
  takes(start: number, bytes: number): boolean {
    return this.#parts.part.isDirect && start % directUnitBytes === 0 && bytes % directUnitBytes === 0 && bytes > 0;
  }

  /** Takes over `block.bytes[0, end - start)`. */
  start(block: Block, start: number, end: number, source: SourceId, kind: DigestKind): void {
    const write: DirectWrite = {
      ...{ block, start, end, source, kind },
      digest: undefined,
      isWritten: false,
      isVoid: false,
    };
    this.#writes.add(write);
    void this.#run(write);
    const digested = (digest: Uint8Array): void => {
      write.digest = digest;
      this.#settle(write);
    };
    this.#parts.hasher.hashBlock(block, end - start, digested, kind);
  }

  /** How [start, end) begins: on its way until `until`, or not. */
  sameUntil(start: number, end: number): { held: boolean; until: number } {
    let until = end;
    for (const write of this.#writes) {
      if (write.end <= start || write.start >= until) continue;
      if (write.start <= start) return { held: true, until: Math.min(end, write.end) };
      until = write.start;
    }
    return { held: false, until };
  }

  /** The parts of `ranges` that are not on their way. */
  without(ranges: readonly ByteRange[]): ByteRange[] {
    const rest: ByteRange[] = [];
    for (const range of ranges) {
      for (let at = range.start; at < range.end;) {
        const { held, until } = this.sameUntil(at, range.end);
        if (!held) rest.push({ start: at, end: until });
        at = until;
      }
    }
    return rest;
  }

  /** What is on its way from `source` (from anybody, where that is undefined) is not wanted any more. */
  void(source: SourceId | undefined): void {
    for (const write of this.#writes) {
      if (source === undefined || write.source === source) write.isVoid = true;
    }
  }

  /** Writes again, the ordinary way, what the disk refused. Throws what it says to it this time. */
  retry(): void {
    for (let write = this.#failed[0]; write !== undefined; write = this.#failed[0]) {
      if (!write.isVoid) this.#parts.part.write(write.block.bytes, 0, write.end - write.start, write.start);
      this.#failed.shift();
      this.#written(write);
    }
  }

  /** Resolves once nothing is on its way; what the disk refused is given up then. */
  async drained(): Promise<void> {
    for (const write of this.#failed.splice(0)) {
      write.isVoid = true;
      this.#written(write);
    }
    if (this.#writes.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #run(write: DirectWrite): Promise<void> {
    try {
      const bytes = write.end - write.start;
      const { block } = write;
      const used = bytes === block.bytes.length ? block.bytes : block.bytes.subarray(0, bytes);
      await this.#parts.part.writeDirect(used, write.start);
    } catch (error) {
      if (write.isVoid || this.#waiting.length > 0) {
        write.isVoid = true;
        this.#written(write);
        return;
      }
      this.#failed.push(write);
      this.#parts.onFailed(asManygetError(error, 'io-failed'));
      return;
    }
    this.#written(write);
  }

  #written(write: DirectWrite): void {
    write.isWritten = true;
    this.#settle(write);
  }

  /** Once nobody reads the block any more. */
  #settle(write: DirectWrite): void {
    if (!write.isWritten || write.digest === undefined) return;
    this.#writes.delete(write);
    if (write.isVoid) this.#parts.onVoid(write);
    else this.#parts.onWritten(write);
    if (this.#writes.size > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
