import { asManygetError, ManygetError } from '../base/errors.js';
import { EventFeed } from '../base/event-feed.js';
import type { FleetEvent, FleetHandle } from '../base/fleet-handle.js';
import type { FleetSnapshot, ServedFolderSnapshot } from '../base/snapshot.js';
import { Catalog } from './catalog.js';
import { defaultLimits, type FleetPlan } from './fleet-plan.js';
import { HashBoard } from './hash-board.js';
import { hashCacheFolder } from './hash-cache.js';
import { offeredFolders } from './offered-folders.js';
import { ServerSlot, startServerWorker, type SlotSurroundings, type StartWorker } from './server-slot.js';
import type { ServerLimits } from './worker-messages.js';

/** How often speeds are sampled. */
const sampleMs = 250;
/** Events that wait for one who does not read. */
const waitingEventsMax = 1000;

export interface FleetOptions {
  /** What the servers call themselves: "manyget/1.2.3". */
  readonly agent: string;
  readonly limits?: Partial<ServerLimits>;
  readonly cacheFolder?: string;
  readonly startWorker?: StartWorker;
}

/** N servers of the same files in one process: each in its thread, with one thread that hashes for all. */
export class Fleet implements FleetHandle {
  readonly done: Promise<void>;
  readonly #plan: FleetPlan;
  readonly #slots: readonly ServerSlot[];
  readonly #board: HashBoard;
  readonly #events = new EventFeed<FleetEvent>(waitingEventsMax);
  readonly #startedAtMs = performance.now();
  readonly #sampler: NodeJS.Timeout;
  #folders: readonly ServedFolderSnapshot[] = [];
  #stopping: Promise<void> | undefined;
  #ended: () => void = () => undefined;

  constructor(plan: FleetPlan, options: FleetOptions) {
    this.#plan = plan;
    this.done = new Promise((resolve) => (this.#ended = resolve));
    this.#board = new HashBoard({
      cacheFolder: options.cacheFolder ?? hashCacheFolder(),
      broadcast: (news) => this.#slots.forEach((slot) => slot.tell(news)),
      notice: (name, reason) => this.#events.emit({ type: 'file', name, reason }),
    });
    const limits = { ...defaultLimits(plan.servers.length), ...options.limits };
    this.#slots = plan.servers.map((server) => {
      const around: SlotSurroundings = {
        startWorker: options.startWorker ?? startServerWorker,
        workerData: () => ({
          agent: options.agent,
          roots: plan.roots,
          bytesPerSec: server.bytesPerSec,
          limits,
          token: plan.token,
          tls: plan.tls,
          tables: this.#board.tables,
          alivePorts: this.#alivePorts(),
        }),
        onWantHashes: ({ name, file }) => this.#board.want(name, file),
        onState: (slot, reason) => {
          this.#events.emit({ type: 'server', number: slot.number, reason });
          this.#tellAlivePorts();
        },
      };
      return new ServerSlot(server.number, plan.host, server.port, around);
    });
    this.#sampler = setInterval(() => this.#sample(), sampleMs);
    this.#sampler.unref();
  }

  /** Resolves when all servers listen; if one cannot, ends the others and rejects with its error. */
  async start(): Promise<void> {
    const opened = await Promise.allSettled(this.#slots.map((slot) => slot.open()));
    const failed = opened.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      await this.stop();
      throw failed.reason;
    }
    await this.#hashServedFiles();
    this.#folders = await offeredFolders(
      this.#plan.roots,
      () => this.#stopping !== undefined,
      (name, error) => this.#cannotRead(name, error),
    );
  }

  snapshot(): FleetSnapshot {
    const nowMs = performance.now();
    return {
      elapsedMs: nowMs - this.#startedAtMs,
      servers: this.#slots.map((slot) => slot.snapshot(nowMs)),
      folders: this.#folders,
      files: this.#board.snapshot(),
    };
  }

  async close(serverNumber: number): Promise<void> {
    await this.#slot(serverNumber).close('this server is being closed');
  }

  async open(serverNumber: number): Promise<void> {
    const slot = this.#slot(serverNumber);
    if (this.#stopping !== undefined)
      throw new ManygetError('usage', 'expected a running fleet, received a stopped one');
    await slot.open();
  }

  async kill(serverNumber: number): Promise<void> {
    await this.#slot(serverNumber).kill();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  events(): AsyncIterableIterator<FleetEvent> {
    return this.#events.read();
  }

  async #stop(): Promise<void> {
    clearInterval(this.#sampler);
    const closing = this.#slots.map((slot) => slot.close('the servers are being stopped'));
    await Promise.all([...closing, this.#board.stop()]);
    this.#events.end();
    this.#ended();
  }

  /** Files given by name are hashed at once; those in folders when somebody asks for them. */
  async #hashServedFiles(): Promise<void> {
    const catalog = new Catalog(this.#plan.roots);
    for (const root of this.#plan.roots) if (root.kind !== 'folder') await this.#hash(catalog, root.name);
  }

  async #hash(catalog: Catalog, name: string): Promise<void> {
    try {
      const file = await catalog.find(name);
      if (file !== undefined) this.#board.want(name, file);
    } catch (error) {
      this.#cannotRead(name, error);
    }
  }

  /** The servers run already: whoever asks for it hears of it, too, and all else is served. */
  #cannotRead(name: string, error: unknown): void {
    this.#events.emit({ type: 'file', name, reason: asManygetError(error).message });
  }

  /** HTTP clients of each server are shown the others. */
  #tellAlivePorts(): void {
    const ports = this.#alivePorts();
    for (const slot of this.#slots) slot.tell({ type: 'alive-ports', ports });
  }

  #alivePorts(): number[] {
    return this.#slots.flatMap((slot) => slot.alivePort ?? []);
  }

  #sample(): void {
    const nowMs = performance.now();
    for (const slot of this.#slots) slot.sample(nowMs);
  }

  #slot(serverNumber: number): ServerSlot {
    const slot = this.#slots[serverNumber - 1];
    if (slot !== undefined) return slot;
    throw new ManygetError('usage', `expected a server of 1 to ${this.#slots.length}, received ${serverNumber}`);
  }
}
