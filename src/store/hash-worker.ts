import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { asManygetError } from '../base/errors.js';
import { realDisk } from './disk.js';
import type { HashAnswer, HashJob } from './hash-messages.js';
import { digestRanges, stepBytes } from './range-digest.js';

/** The thread behind PieceHasher: one job after the other, in order, each with exactly one answer. Owns no state. */
const port = parentPort;
if (port === null) throw new Error('hash-worker.js runs as a worker thread only');

/** About 16 ms of hashing: often enough for a view, too rarely to cost. */
const progressBytes = 32 * 1024 * 1024;

let step: Uint8Array | undefined;

function answer(message: HashAnswer): void {
  port?.postMessage(message);
}

function digestFile(job: HashJob & { readonly kind: 'ranges' }): void {
  step ??= new Uint8Array(stepBytes);
  const steps = digestRanges(realDisk, job.path, job.ranges, job.digest, step);
  let untold = 0;
  for (;;) {
    const result = steps.next();
    if (result.done === true) {
      if (untold > 0) answer({ kind: 'progress', bytes: untold });
      answer({ kind: 'digests', digests: result.value });
      return;
    }
    untold += result.value;
    if (untold >= progressBytes) {
      answer({ kind: 'progress', bytes: untold });
      untold = 0;
    }
    if (Atomics.load(job.stop, 0) !== 0) {
      steps.return(new Uint8Array(0));
      answer({ kind: 'stopped' });
      return;
    }
  }
}

port.on('message', (job: HashJob) => {
  try {
    switch (job.kind) {
      case 'block': {
        const bytes = job.length === job.bytes.length ? job.bytes : job.bytes.subarray(0, job.length);
        answer({ kind: 'digests', digests: createHash('sha256').update(bytes).digest() });
        return;
      }
      case 'ranges':
        digestFile(job);
        return;
    }
  } catch (error) {
    const { code, message } = asManygetError(error);
    answer({ kind: 'failed', code, message });
  }
});
