import { resolve } from 'node:path';
import { ManygetError } from '../../base/errors.js';
import type { FleetItem } from '../../base/fleet-snapshot.js';
import type { FleetStore } from './fleet-store.js';
import { DaemonFleet, type StartFleet } from './daemon-fleet.js';
import { fleetSpecFromJson } from './fleet-spec.js';
import { messageOf } from '../../base/message-of.js';

/**
 * The fleets of servers that the daemon runs. Each is in the store before the command that made or changed it returns,
 * and comes back with the daemon: the same files, the same ports, and what was closed is closed.
 */
interface FleetBoardParts {
  readonly store: FleetStore;
  readonly start: StartFleet;
  /** Paths that are not whole begin here. */
  readonly folder: string;
  readonly nowMs: () => number;
  /** Told of a fleet that does not come back. */
  readonly onNotice: (sentence: string) => void;
}

interface FleetWishes {
  readonly paths: readonly string[];
  readonly ports: readonly number[];
  readonly host?: string | undefined;
  readonly rateLimits?: readonly number[] | undefined;
  readonly token?: string | undefined;
}

const fleetsMax = 64;

export class FleetBoard implements AsyncDisposable {
  readonly #parts: FleetBoardParts;
  readonly #fleets = new Map<number, DaemonFleet>();

  constructor(parts: FleetBoardParts) {
    this.#parts = parts;
    for (const { id, spec, addedAtMs } of parts.store.fleets()) {
      try {
        this.#bringBack({ id, addedAtMs, spec: fleetSpecFromJson(spec) });
      } catch (error) {
        parts.onNotice(`fleet ${id} is left out, since the store's record of it makes no sense: ${messageOf(error)}`);
      }
    }
  }

  get items(): FleetItem[] {
    return [...this.#fleets.values()].map((fleet) => fleet.item());
  }

  /** @throws ManygetError `fleet-unknown`. */
  get(id: number): DaemonFleet {
    const fleet = this.#fleets.get(id);
    if (fleet === undefined) throw new ManygetError('fleet-unknown', `there is no fleet ${id}`);
    return fleet;
  }

  /** Starts a fleet; one that cannot be started is not kept. @throws ManygetError of `serve`. */
  async add(wishes: FleetWishes): Promise<DaemonFleet> {
    if (this.#fleets.size >= fleetsMax) throw new ManygetError('usage', `a daemon runs ${fleetsMax} fleets at most`);
    const { paths, ports, host = '127.0.0.1', rateLimits = [], token } = wishes;
    if (paths.length === 0) throw new ManygetError('usage', 'a fleet needs a file or a folder to offer');
    const spec = {
      paths: paths.map((path) => resolve(this.#parts.folder, path)),
      ports,
      host,
      rateLimits,
      token,
      closed: [],
    };
    const addedAtMs = this.#parts.nowMs();
    const fleet = this.#keep({ id: this.#parts.store.add(spec, addedAtMs), addedAtMs, spec });
    try {
      await fleet.start();
    } catch (error) {
      this.#forget(fleet);
      throw error;
    }
    return fleet;
  }

  /** Ends a fleet for good. */
  async remove(id: number): Promise<void> {
    const fleet = this.get(id);
    this.#forget(fleet);
    await fleet.stop();
  }

  /** Ends all, which the next daemon starts again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#fleets.values()].map((fleet) => fleet.stop()));
  }

  #bringBack(stored: ConstructorParameters<typeof DaemonFleet>[0]): void {
    const fleet = this.#keep(stored);
    fleet.start().catch((error: unknown) => {
      this.#parts.onNotice(`fleet ${fleet.id} does not start: ${messageOf(error)}`);
    });
  }

  #keep(stored: ConstructorParameters<typeof DaemonFleet>[0]): DaemonFleet {
    const { store, start } = this.#parts;
    const fleet: DaemonFleet = new DaemonFleet(stored, start, () => {
      if (this.#fleets.has(stored.id)) store.save(stored.id, fleet.spec);
    });
    this.#fleets.set(stored.id, fleet);
    return fleet;
  }

  #forget(fleet: DaemonFleet): void {
    this.#parts.store.remove(fleet.id);
    this.#fleets.delete(fleet.id);
  }
}
