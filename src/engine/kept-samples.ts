import type { SourceId } from '../base/ids.js';
import { sampleAt, sampleLimits } from '../core/sample-plan.js';
import type { SamplePoint } from './sample-lane.js';

const { sampleBytes, stretchBytes } = sampleLimits;
const stretchesPerShelf = 64;
/** Samples of 4 GiB, in 1.5 MiB of memory; what is older is read from the disk. */
const shelvesMax = 1024;

interface Shelf {
  readonly bytes: Buffer;
  /** Where in the file each sample begins; -1: there is none. */
  readonly starts: Float64Array;
  readonly sources: Int32Array;
  /** All of `bytes`, a character for each; undefined where they have changed since. */
  text: string | undefined;
}

/**
 * The samples of what was just written, taken from memory while they are there: files that are written past the page
 * cache would have to be read back from the disk for each.
 *
 * Invariant: what is kept is what was written to the file at that place, or `forget` was told that it is not there.
 */
export class KeptSamples {
  readonly #sizeBytes: number;
  readonly #phaseOf: (source: SourceId) => number;
  /** In the order in which they were begun. */
  readonly #shelves = new Map<number, Shelf>();

  constructor(sizeBytes: number, phaseOf: (source: SourceId) => number) {
    this.#sizeBytes = sizeBytes;
    this.#phaseOf = phaseOf;
  }

  /** `source` brought these bytes, and they are in the file from `start` on. */
  note(bytes: Uint8Array, start: number, source: SourceId): void {
    const phase = this.#phaseOf(source);
    const end = start + bytes.length;
    for (let stretch = Math.floor(start / stretchBytes); stretch * stretchBytes < end; stretch += 1) {
      const sample = sampleAt(stretch, phase, this.#sizeBytes);
      if (sample.start < start || sample.end > end) continue;
      const shelf = this.#shelfOf(stretch);
      const slot = stretch % stretchesPerShelf;
      // So few bytes are copied sooner than a call of `copy` is made.
      let to = slot * sampleBytes;
      for (let at = sample.start - start; at < sample.end - start; at += 1, to += 1) shelf.bytes[to] = bytes[at] ?? 0;
      shelf.text = undefined;
      shelf.starts[slot] = sample.start;
      shelf.sources[slot] = source;
    }
  }

  /** What was delivered there, a character for each byte; undefined where that is not kept. */
  textAt({ stretch, start, end, deliverer }: SamplePoint): string | undefined {
    const shelf = this.#shelves.get(Math.floor(stretch / stretchesPerShelf));
    const slot = stretch % stretchesPerShelf;
    if (shelf?.starts[slot] !== start || shelf.sources[slot] !== deliverer) return undefined;
    // Only the last stretch's can be shorter than the others.
    if (end - start !== sampleBytes && end !== this.#sizeBytes) return undefined;
    shelf.text ??= shelf.bytes.toString('latin1');
    return shelf.text.slice(slot * sampleBytes, slot * sampleBytes + end - start);
  }

  /** [start, end) of the file is missing again. */
  forget(start: number, end: number): void {
    const shelfBytes = stretchesPerShelf * stretchBytes;
    for (const [index] of this.#shelves) {
      if (index * shelfBytes < end && (index + 1) * shelfBytes > start) this.#shelves.delete(index);
    }
  }

  #shelfOf(stretch: number): Shelf {
    const index = Math.floor(stretch / stretchesPerShelf);
    let shelf = this.#shelves.get(index);
    if (shelf !== undefined) return shelf;
    const [oldest] = this.#shelves.size >= shelvesMax ? this.#shelves.keys() : [];
    if (oldest !== undefined) this.#shelves.delete(oldest);
    shelf = {
      bytes: Buffer.alloc(stretchesPerShelf * sampleBytes),
      starts: new Float64Array(stretchesPerShelf).fill(-1),
      sources: new Int32Array(stretchesPerShelf),
      text: undefined,
    };
    this.#shelves.set(index, shelf);
    return shelf;
  }
}
