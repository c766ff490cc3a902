/** A fleet that does what a test says, without a port. */
import { ManygetError } from '../../src/base/errors.js';
import type { FleetEvent, FleetHandle } from '../../src/base/fleet-handle.js';
import type { FleetSnapshot, ServerSnapshot, ServerState } from '../../src/base/snapshot.js';
import { ScriptedEvents } from './scripted-events.js';

export function serverSnapshot(number: number, change: Partial<ServerSnapshot> = {}): ServerSnapshot {
  return {
    number,
    host: '127.0.0.1',
    port: 9000 + number,
    state: 'alive',
    note: '',
    clients: 1,
    sentBytes: 3 * 1024 * 1024,
    speedBytesPerSec: 1.5 * 1024 * 1024,
    ...change,
  };
}

export function fleetSnapshot(change: Partial<FleetSnapshot> = {}): FleetSnapshot {
  return {
    elapsedMs: 12_000,
    servers: [serverSnapshot(1), serverSnapshot(2)],
    folders: [],
    files: [{ name: 'video.mp4', sizeBytes: 20 * 1024 * 1024, hashed: 1 }],
    ...change,
  };
}

/** Records what it was told; closing and opening changes its snapshot. */
export class ScriptedFleet implements FleetHandle {
  readonly done: Promise<void>;
  state: FleetSnapshot = fleetSnapshot();
  readonly told: string[] = [];
  readonly #events = new ScriptedEvents<FleetEvent>();
  #resolve!: () => void;

  constructor() {
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  emit(event: FleetEvent): void {
    this.#events.emit(event);
  }

  snapshot(): FleetSnapshot {
    return this.state;
  }

  close(number: number): Promise<void> {
    this.told.push(`close ${number}`);
    this.#set(number, 'closed');
    return Promise.resolve();
  }

  open(number: number): Promise<void> {
    this.told.push(`open ${number}`);
    if (this.state.servers[number - 1]?.state === 'alive') {
      return Promise.reject(new ManygetError('usage', `server ${number} is open`));
    }
    this.#set(number, 'alive');
    return Promise.resolve();
  }

  kill(number: number): Promise<void> {
    this.told.push(`kill ${number}`);
    this.#set(number, 'closed');
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.told.push('stop');
    this.#events.end();
    this.#resolve();
    return Promise.resolve();
  }

  events(): AsyncIterableIterator<FleetEvent> {
    return this.#events.read();
  }

  #set(number: number, state: ServerState): void {
    const servers = this.state.servers.map((server) => (server.number === number ? { ...server, state } : server));
    this.state = { ...this.state, servers };
  }
}
