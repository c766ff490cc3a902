import { Worker } from 'node:worker_threads';
import type { HashAnswer, HashJob } from './hash-messages.js';
import { threadFile } from '../base/built-file.js';
import { ManygetError } from '../base/errors.js';
import { quoted } from './disk-error.js';

/** What waits for the answer to one job. */
interface HashWaiter {
  digests(digests: Uint8Array): void;
  progress(bytes: number): void;
  stopped(): void;
  failed(code: (HashAnswer & { readonly kind: 'failed' })['code'], message: string): void;
  /** The thread is gone without an answer; called after it has left `HashThread.alive`. */
  lost(reason: string): void;
}

/** Why a thread is gone that was ended on purpose. */
const stoppedReason = 'it was stopped';

/** For who waited for bytes of `path` from a thread that is gone, for the reason that `lost` was called with. */
export function threadLost(path: string, reason: string): ManygetError {
  const code = reason === stoppedReason ? 'aborted' : 'unexpected';
  return new ManygetError(code, `the thread that read ${quoted(path)} is gone: ${reason}`);
}

/**
 * Owns one worker thread and the queue of those who wait for its answers.
 * Invariant: `#waiters` are the jobs that were posted and not answered, in order; the thread holds the process alive
 * exactly while there is one.
 */
export class HashThread {
  readonly #worker: Worker;
  readonly #waiters: HashWaiter[] = [];
  #first = 0;
  #queuedBytes = 0;
  readonly #queuedSizes: number[] = [];
  #lostReason: string | undefined;

  constructor() {
    this.#worker = new Worker(threadFile('store/hash-worker.js'), {
      name: 'manyget-hash',
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 },
    });
    this.#worker.unref();
    this.#worker.on('message', (answer: HashAnswer) => this.#answered(answer));
    this.#worker.on('error', (error: Error) => (this.#lostReason ??= error.message));
    this.#worker.on('messageerror', (error: Error) => {
      this.#lostReason ??= error.message;
      void this.#worker.terminate();
    });
    this.#worker.on('exit', (code) => this.#exited(`it ended with status ${code}`));
  }

  get alive(): boolean {
    return this.#lostReason === undefined;
  }

  get pending(): number {
    return this.#waiters.length - this.#first;
  }

  /** Bytes of the jobs that wait: what tells the shortest queue. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  post(job: HashJob, bytes: number, waiter: HashWaiter): void {
    if (this.pending === 0) this.#worker.ref();
    this.#waiters.push(waiter);
    this.#queuedSizes.push(bytes);
    this.#queuedBytes += bytes;
    this.#worker.postMessage(job);
  }

  /** Ends the thread; what waits is told that it is lost. */
  async stop(): Promise<void> {
    this.#lostReason ??= stoppedReason;
    await this.#worker.terminate();
  }

  #answered(answer: HashAnswer): void {
    const waiter = this.#waiters[this.#first];
    if (waiter === undefined) throw new Error('a hash worker answered without a job');
    if (answer.kind === 'progress') {
      waiter.progress(answer.bytes);
      return;
    }
    this.#shift();
    switch (answer.kind) {
      case 'digests':
        return waiter.digests(answer.digests);
      case 'stopped':
        return waiter.stopped();
      case 'failed':
        return waiter.failed(answer.code, answer.message);
    }
  }

  /** Takes the first waiter off. The arrays are cut now and then instead of shifted each time. */
  #shift(): void {
    this.#queuedBytes -= this.#queuedSizes[this.#first] ?? 0;
    this.#first += 1;
    if (this.#first === this.#waiters.length) {
      this.#waiters.length = 0;
      this.#queuedSizes.length = 0;
      this.#first = 0;
      this.#worker.unref();
    } else if (this.#first >= 1024) {
      this.#waiters.splice(0, this.#first);
      this.#queuedSizes.splice(0, this.#first);
      this.#first = 0;
    }
  }

  #exited(reason: string): void {
    this.#lostReason ??= reason;
    const lost = this.#waiters.splice(this.#first);
    this.#waiters.length = 0;
    this.#queuedSizes.length = 0;
    this.#queuedBytes = 0;
    this.#first = 0;
    for (const waiter of lost) waiter.lost(this.#lostReason);
  }
}
