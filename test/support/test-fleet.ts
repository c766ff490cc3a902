import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FleetEvent } from '../../src/base/fleet-handle.js';
import { Fleet, type FleetOptions } from '../../src/server/fleet.js';
import { planFleet } from '../../src/server/fleet-plan.js';
import type { StatAnswer } from '../../src/wire/mgp-messages.js';
import { RawMgpClient } from './raw-mgp-client.js';

/** A folder of a test's own, removed with all that is in it. */
export class TempFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<TempFolder> {
    return new TempFolder(await mkdtemp(join(tmpdir(), 'manyget-server-')));
  }

  join(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** A file of so many zeros that takes no room. */
  async sparse(name: string, bytes: number): Promise<string> {
    const file = await open(this.join(name), 'w');
    await file.truncate(bytes);
    await file.close();
    return this.join(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

export interface TestFleetOptions extends Partial<FleetOptions> {
  readonly servers?: number;
  readonly rateLimits?: readonly number[];
}

/** A running fleet with a cache of its own, stopped with the test. */
export class TestFleet implements AsyncDisposable {
  readonly fleet: Fleet;
  readonly #events: AsyncIterableIterator<FleetEvent>;

  private constructor(fleet: Fleet) {
    this.fleet = fleet;
    this.#events = fleet.events();
  }

  /** Serves `paths`; the cache is beside the first of them unless said otherwise. */
  static async start(paths: readonly string[], options: TestFleetOptions = {}): Promise<TestFleet> {
    const { servers = 1, rateLimits, ...rest } = options;
    const ports = Array.from({ length: servers }, () => 0);
    const plan = await planFleet({ paths, ports, ...(rateLimits === undefined ? {} : { rateLimits }) });
    const cacheFolder = join(paths[0] ?? tmpdir(), '..', '.hash-cache');
    const test = new TestFleet(new Fleet(plan, { agent: 'test/1', cacheFolder, ...rest }));
    await test.fleet.start();
    return test;
  }

  port(serverNumber = 1): number {
    return this.server(serverNumber).port;
  }

  server(serverNumber = 1): ReturnType<Fleet['snapshot']>['servers'][number] {
    const server = this.fleet.snapshot().servers[serverNumber - 1];
    if (server === undefined) throw new Error(`there is no server ${serverNumber}`);
    return server;
  }

  /** What the first server says of a file, once it knows its hashes. */
  async hashed(name: string): Promise<StatAnswer> {
    await using client = await RawMgpClient.connect(this.port());
    return await client.hashed(name);
  }

  /** The next event that `wanted` accepts; those before it are gone then. */
  async event(wanted: (event: FleetEvent) => boolean): Promise<FleetEvent> {
    for (;;) {
      const result = await this.#events.next();
      if (result.done === true) throw new Error('the fleet ended without the event');
      if (wanted(result.value)) return result.value;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet.stop();
  }
}
