import type { SourceId } from '../base/ids.js';
import { sampleAt, sampleLimits } from '../core/sample-plan.js';
import type { SamplePoint } from './sample-lane.js';

const { sampleBytes, stretchBytes } = sampleLimits;
const stretchesPerShelf = 64;
/** Samples of 4 GiB, in 1.5 MiB of memory; what is older is read from the disk. */
const shelvesMax = 1024;

interface Shelf {
  readonly bytes: Uint8Array;
  /** Where in the file each sample begins; -1: there is none. */
  readonly starts: Float64Array;
  readonly sources: Int32Array;
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
      shelf.bytes.set(bytes.subarray(sample.start - start, sample.end - start), slot * sampleBytes);
      shelf.starts[slot] = sample.start;
      shelf.sources[slot] = source;
    }
  }

  /** What was delivered there; undefined where that is not kept. */
  at({ stretch, start, end, deliverer }: SamplePoint): Uint8Array | undefined {
    const shelf = this.#shelves.get(Math.floor(stretch / stretchesPerShelf));
    const slot = stretch % stretchesPerShelf;
    if (shelf?.starts[slot] !== start || shelf.sources[slot] !== deliverer) return undefined;
    const { end: keptEnd } = sampleAt(stretch, this.#phaseOf(deliverer), this.#sizeBytes);
    return end === keptEnd ? shelf.bytes.subarray(slot * sampleBytes, slot * sampleBytes + end - start) : undefined;
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
      bytes: new Uint8Array(stretchesPerShelf * sampleBytes),
      starts: new Float64Array(stretchesPerShelf).fill(-1),
      sources: new Int32Array(stretchesPerShelf),
    };
    this.#shelves.set(index, shelf);
    return shelf;
  }
}
