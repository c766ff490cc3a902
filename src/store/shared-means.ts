import { availableParallelism } from 'node:os';
import { BlockPool } from './block-pool.js';
import type { Disk } from './disk.js';
import { HashCrew } from './hash-crew.js';
import { PieceHasher, type HashThreads } from './piece-hasher.js';
import { SlabShelf } from './slab.js';

const mib = 1024 * 1024;
/** Least that a download can work with: a block of the smallest size for each of many connections. */
const poolBytesMin = 4 * mib;
/** More threads than this hash faster than any disk takes. */
const hashThreadsMax = 4;

/** What several downloads of one process share, so that ten of them take little more memory than one. */
export class SharedMeans {
  readonly #bytesMax: number;
  readonly #shelf: SlabShelf;
  readonly #crew = new HashCrew();
  readonly #crewMax = Math.max(1, Math.min(hashThreadsMax, availableParallelism() - 1));

  /** @param bytesMax Memory for received bytes, all downloads together. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#shelf = new SlabShelf(bytesMax);
  }

  /** The share of one download where so many run at once. */
  share(downloadsAtOnce: number): MeansShare {
    const bytes = Math.floor(this.#bytesMax / Math.max(1, downloadsAtOnce) / mib) * mib;
    return {
      pool: (bytesMax) =>
        new BlockPool({ bytesMax: Math.min(bytesMax, Math.max(poolBytesMin, bytes)), shelf: this.#shelf }),
      hashThread: () => this.#crew.thread(this.#crewMax),
    };
  }

  /** Nothing runs: lets go of memory and threads. */
  rest(): void {
    this.#shelf.clear();
    this.#crew.stopSpare(0);
  }
}

/** What one download has of them. */
export interface MeansShare extends HashThreads {
  /** A pool of its own, of so many bytes at the most. */
  pool(bytesMax: number): BlockPool;
}

/** What one download works with. */
export interface Means {
  readonly hasher: PieceHasher;
  readonly pool: (bytesMax: number) => BlockPool;
}

/** @param share Undefined: nothing is shared. @param disk Undefined: the real one. */
export function meansOf(share: MeansShare | undefined, disk: Disk | undefined): Means {
  return {
    hasher: new PieceHasher({ threads: 0, disk, shared: share }),
    pool: (bytesMax) => share?.pool(bytesMax) ?? new BlockPool({ bytesMax }),
  };
}
