import { parentPort } from 'node:worker_threads';
import { asManygetError } from '../base/errors.js';
import { realDisk } from './disk.js';
import type { HashAnswer, HashJob } from './hash-messages.js';
import { PrefixDigest } from './prefix-digest.js';
import { digestOf, digestRanges, stepBytes } from './range-digest.js';

/**
 * The thread behind PieceHasher and PrefixHasher: one job after the other, in order, each with exactly one answer. Owns
 * no state but a prefix that it is following.
 */
const port = parentPort;
if (port === null) throw new Error('hash-worker.js runs as a worker thread only');

/** About 16 ms of hashing: often enough for a view, too rarely to cost. */
const progressBytes = 32 * 1024 * 1024;

let step: Uint8Array | undefined;
let prefix: PrefixDigest | undefined;

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

function followPrefix(job: HashJob & { readonly kind: 'prefix' }): void {
  step ??= new Uint8Array(stepBytes);
  if (job.fresh || prefix === undefined) {
    prefix?.close();
    prefix = new PrefixDigest(realDisk, job.path, job.algorithms);
  }
  prefix.extend(job.end, step);
  answer({ kind: 'digests', digests: job.finish ? prefix.finish() : new Uint8Array(0) });
  if (job.finish) prefix = undefined;
}

port.on('message', (job: HashJob) => {
  try {
    switch (job.kind) {
      case 'block': {
        const bytes = job.length === job.bytes.length ? job.bytes : job.bytes.subarray(0, job.length);
        answer({ kind: 'digests', digests: digestOf(job.digest, bytes) });
        return;
      }
      case 'ranges':
        digestFile(job);
        return;
      case 'prefix':
        followPrefix(job);
        return;
    }
  } catch (error) {
    const { code, message } = asManygetError(error);
    answer({ kind: 'failed', code, message });
  }
});
