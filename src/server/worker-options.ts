import type { WorkerOptions } from 'node:worker_threads';

/** For all threads of a fleet. Their heaps hold no file data: a small young generation keeps them small. */
export const workerOptions: WorkerOptions = {
  execArgv: [], // Flags of the main thread, such as --input-type or --import, are not meant for this one.
  resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 128 },
};
