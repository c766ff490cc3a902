import type { FileFacts } from './file-version.js';
import type { HashFollower, WorkerHashes } from './worker-hashes.js';

/** Resolves when the hashes of `file`, which have been asked for, are known or failed; after `msMax` in any case. */
export function hashesSettled(hashes: WorkerHashes, file: FileFacts, msMax: number): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      hashes.unfollow(file, follower);
      resolve();
    };
    const follower: HashFollower = { hashesKnown: over, hashesFailed: over };
    const timer = setTimeout(over, msMax);
    hashes.follow(file, follower);
  });
}
