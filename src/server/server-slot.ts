import { Worker } from 'node:worker_threads';
import { ManygetError } from '../base/errors.js';
import type { ServerSnapshot, ServerState } from '../base/snapshot.js';
import { ServerCounters } from './server-counters.js';
import { SpeedWindow } from './speed-window.js';
import { workerOptions } from './worker-options.js';
import type { FromServer, ServerWorkerData, ToServer } from './worker-messages.js';
import { threadFile } from '../base/built-file.js';

/** Makes a server's thread; handed in by tests that break it. */
export type StartWorker = (data: ServerWorkerData) => Worker;

/** Longer than the sessions' own grace, after which nothing should be left to wait for. */
const closeMsMax = 5000;
const killMsMax = 500;

export const startServerWorker: StartWorker = (data) =>
  new Worker(threadFile('server/server-worker.js'), { ...workerOptions, workerData: data });

/** What a slot needs to know whenever it starts a thread, and whom it tells. */
export interface SlotSurroundings {
  readonly startWorker: StartWorker;
  /** All that a thread starts with but its port and counters. */
  readonly workerData: () => Omit<ServerWorkerData, 'port' | 'counters' | 'host'>;
  readonly onWantHashes: (message: Extract<FromServer, { type: 'want-hashes' }>) => void;
  readonly onState: (slot: ServerSlot, reason: string) => void;
}

/**
 * One server of a fleet through all its lives: opens, closes, kills its thread, and notices when that dies by itself.
 *
 * Invariant: there is a thread exactly in the states starting, alive and closing. Orders are carried out one by one.
 */
export class ServerSlot {
  readonly number: number;
  readonly host: string;
  readonly counters = new ServerCounters();
  readonly #speed = new SpeedWindow();
  readonly #around: SlotSurroundings;
  #port: number;
  #state: ServerState = 'closed';
  #note = '';
  #worker: Worker | undefined;
  #orders: Promise<unknown> = Promise.resolve();

  constructor(number: number, host: string, port: number, around: SlotSurroundings) {
    this.number = number;
    this.host = host;
    this.#port = port;
    this.#around = around;
  }

  /** The port on which it takes clients now. */
  get alivePort(): number | undefined {
    return this.#state === 'alive' ? this.#port : undefined;
  }

  open(): Promise<void> {
    return this.#order(() => this.#open());
  }

  close(reason: string): Promise<void> {
    return this.#order(() => this.#close(reason));
  }

  kill(): Promise<void> {
    return this.#order(() => this.#kill());
  }

  tell(message: ToServer): void {
    this.#worker?.postMessage(message);
  }

  sample(nowMs: number): void {
    this.#speed.add(nowMs, this.counters.sentBytes);
  }

  snapshot(nowMs: number): ServerSnapshot {
    const { sentBytes, clients } = this.counters;
    return {
      number: this.number,
      host: this.host,
      port: this.#port,
      state: this.#state,
      note: this.#note,
      clients,
      sentBytes,
      speedBytesPerSec: this.#worker === undefined ? 0 : this.#speed.bytesPerSec(nowMs, sentBytes),
    };
  }

  #order(run: () => Promise<void>): Promise<void> {
    const done = this.#orders.then(run);
    this.#orders = done.catch(() => undefined); // Whoever gave the order gets its error; the next order does not.
    return done;
  }

  async #open(): Promise<void> {
    if (this.#worker !== undefined) return;
    this.#become('starting', '');
    const worker = this.#around.startWorker({
      ...this.#around.workerData(),
      host: this.host,
      port: this.#port,
      counters: this.counters.memory,
    });
    this.#worker = worker;
    let fault = 'its thread ended by itself';
    worker.on('error', (error) => (fault = `its thread failed: ${error.message}`));
    worker.on('exit', () => this.#exited(worker, fault));
    try {
      this.#port = await this.#listening(worker);
    } catch (error) {
      this.#worker = undefined;
      await worker.terminate();
      this.#become('closed', (error as Error).message);
      throw error;
    }
    worker.on('message', (message: FromServer) => {
      if (message.type === 'want-hashes') this.#around.onWantHashes(message);
    });
    this.#become('alive', '');
  }

  #listening(worker: Worker): Promise<number> {
    return new Promise((resolve, reject) => {
      worker.once('message', (message: FromServer) => {
        if (message.type === 'listening') resolve(message.port);
        else if (message.type === 'listen-failed') {
          reject(new ManygetError(message.code, `server ${this.number}: ${message.message}`));
        } else reject(new Error(`server ${this.number} said ${message.type} before it listened`));
      });
      worker.once('error', (cause) => {
        reject(new ManygetError('listen-failed', `server ${this.number} did not start: ${cause.message}`, { cause }));
      });
      worker.once('exit', (code) => {
        reject(new ManygetError('listen-failed', `server ${this.number} did not start: its thread ended with ${code}`));
      });
    });
  }

  async #close(reason: string): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) {
      if (this.#state === 'failed') this.#become('closed', '');
      return;
    }
    this.#become('closing', '');
    worker.postMessage({ type: 'close', reason } satisfies ToServer);
    await ended(worker, closeMsMax);
    this.#over(worker, 'closed', '');
  }

  async #kill(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#become('closing', '');
    worker.postMessage({ type: 'kill' } satisfies ToServer);
    await ended(worker, killMsMax);
    this.#over(worker, 'closed', 'killed');
  }

  /** The thread is gone. If nobody had ordered that, it crashed. */
  #exited(worker: Worker, fault: string): void {
    if (this.#worker === worker && this.#state === 'alive') this.#over(worker, 'failed', fault);
  }

  #over(worker: Worker, state: ServerState, note: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.counters.dropClients();
    this.#become(state, note);
  }

  #become(state: ServerState, note: string): void {
    this.#state = state;
    this.#note = note;
    this.#around.onState(this, note === '' ? state : `${state}: ${note}`);
  }
}

/** Resolves once the thread has ended; ends it by force after `msMax`. */
async function ended(worker: Worker, msMax: number): Promise<void> {
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const timer = setTimeout(() => void worker.terminate(), msMax);
  await exited;
  clearTimeout(timer);
}
