import { isDeepStrictEqual } from 'node:util';
import { asManygetError, ManygetError } from '../../base/errors.js';
import type { FleetHandle, ServeOptions } from '../../base/fleet-handle.js';
import type { FleetItem, FleetState } from '../../base/fleet-snapshot.js';
import type { ServerSnapshot } from '../../base/snapshot.js';
import type { FleetSpec } from './fleet-spec.js';

export type StartFleet = (options: ServeOptions) => Promise<FleetHandle>;

/**
 * One fleet of the daemon: what it is to be, and, while it runs, its live handle. Commands are carried out one after
 * another, in the order in which they were given.
 */
export class DaemonFleet {
  readonly id: number;
  readonly addedAtMs: number;
  readonly #start: StartFleet;
  readonly #onSpec: () => void;
  #spec: FleetSpec;
  #state: FleetState = 'starting';
  #error: FleetItem['error'];
  #handle: FleetHandle | undefined;
  #working: Promise<unknown> = Promise.resolve();

  /** `onSpec` is called when what has to outlive the daemon has changed. */
  constructor(stored: { id: number; addedAtMs: number; spec: FleetSpec }, start: StartFleet, onSpec: () => void) {
    this.id = stored.id;
    this.addedAtMs = stored.addedAtMs;
    this.#spec = stored.spec;
    this.#start = start;
    this.#onSpec = onSpec;
  }

  get spec(): FleetSpec {
    return this.#spec;
  }

  item(): FleetItem {
    const { paths, host, token } = this.#spec;
    const live = this.#handle?.snapshot();
    return {
      id: this.id,
      state: this.#state,
      error: this.#error,
      paths,
      host,
      hasToken: token !== undefined,
      servers: live?.servers ?? this.#spec.ports.map((port, index) => notRunning(index + 1, host, port)),
      files: live?.files ?? [],
      addedAtMs: this.addedAtMs,
    };
  }

  /** Starts it, as it was left. @throws ManygetError of `serve`; the fleet then says so. */
  start(): Promise<void> {
    return this.#next(() => this.#begin());
  }

  /** Closes one server, or all. */
  close(number: number | undefined): Promise<void> {
    return this.#next(async () => {
      const numbers = this.#numbers(number);
      this.#respec({ closed: [...new Set([...this.#spec.closed, ...numbers])].sort((a, b) => a - b) });
      const handle = this.#handle;
      if (handle !== undefined) await Promise.all(numbers.map((each) => handle.close(each)));
    });
  }

  /** Opens one server again, or all that are closed; starts a fleet that could not be started. */
  open(number: number | undefined): Promise<void> {
    return this.#next(async () => {
      const numbers = this.#numbers(number);
      if (this.#handle === undefined) {
        this.#respec({ closed: this.#spec.closed.filter((each) => !numbers.includes(each)) });
        await this.#begin();
        return;
      }
      const handle = this.#handle;
      const shut = handle.snapshot().servers.filter(({ state }) => state === 'closed' || state === 'failed');
      const wanted = numbers.filter((each) => shut.some((server) => server.number === each));
      await Promise.all(wanted.map((each) => handle.open(each)));
      this.#respec({ closed: this.#spec.closed.filter((each) => !numbers.includes(each)) });
    });
  }

  /** Ends its servers, which tell their clients. */
  stop(): Promise<void> {
    return this.#next(async () => {
      await this.#handle?.stop();
      this.#handle = undefined;
    });
  }

  async #begin(): Promise<void> {
    const { paths, ports, host, rateLimits, token } = this.#spec;
    this.#state = 'starting';
    this.#error = undefined;
    try {
      const handle = await this.#start({ paths, ports, host, rateLimits, ...(token === undefined ? {} : { token }) });
      this.#handle = handle;
      await Promise.all(this.#spec.closed.map((each) => handle.close(each)));
      this.#state = 'running';
      // Clients know its ports: it has the same ones from now on.
      this.#respec({ ports: handle.snapshot().servers.map(({ port }) => port) });
    } catch (thrown) {
      const { code, message } = asManygetError(thrown);
      // Servers that run under a fleet that has failed would be nobody's.
      await this.#handle?.stop();
      this.#handle = undefined;
      this.#state = 'failed';
      this.#error = { code, message };
      throw thrown;
    }
  }

  #numbers(number: number | undefined): number[] {
    const all = this.#spec.ports.map((_, index) => index + 1);
    if (number === undefined) return all;
    if (all.includes(number)) return [number];
    throw new ManygetError('usage', `fleet ${this.id} has the servers 1 to ${all.length}, not ${number}`);
  }

  #respec(change: Partial<FleetSpec>): void {
    const before = this.#spec;
    this.#spec = { ...before, ...change };
    // What comes back as it was needs no store, which may be full.
    if (isDeepStrictEqual(this.#spec, before)) return;
    try {
      this.#onSpec();
    } catch (error) {
      this.#spec = before;
      throw error;
    }
  }

  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#working.then(work);
    // The one who asked is told of an error; whoever comes next begins all the same.
    this.#working = done.catch(() => undefined);
    return done;
  }
}

function notRunning(number: number, host: string, port: number): ServerSnapshot {
  return { number, host, port, state: 'closed', note: '', clients: 0, sentBytes: 0, speedBytesPerSec: 0 };
}
