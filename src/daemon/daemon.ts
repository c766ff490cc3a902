import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageVersion } from '../app/agent.js';
import { serve } from '../app/serve.js';
import { Additions } from './additions.js';
import { baseUrl, hostName } from './daemon-url.js';
import { Engine } from './engine/engine.js';
import { fetchFilmStarts } from './film-start.js';
import { FleetBoard } from './fleets/fleet-board.js';
import { runHooks, type HookCommands } from './hooks.js';
import { DownloadQueue } from './queue/download-queue.js';
import { QueueStore } from './queue/queue-store.js';
import { aria2Methods } from './rpc/aria2-methods.js';
import { JsonRpc } from './rpc/json-rpc.js';
import { RpcSocket } from './rpc/rpc-socket.js';
import {
  ensureToken,
  forgetAddress,
  makeStateFolder,
  writeAddress,
  type DaemonAddress,
  type StateFolder,
} from './state-folder.js';
import { apiRoutes } from './web/api-routes.js';
import { Guard } from './web/guard.js';
import { HttpServer } from './web/http-server.js';
import { LiveFeed } from './web/live-feed.js';
import { readPageFiles } from './web/page-files.js';
import { Player } from './web/play.js';
import { builtFile } from '../base/built-file.js';

export interface DaemonOptions {
  readonly state: StateFolder;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Where files go that nobody gives another place. */
  readonly folder: string;
  /** Downloads at once; what was set before where it is left out. */
  readonly downloadsAtOnceMax?: number | undefined;
  /** Host names by which it may be called, besides the loopback ones. */
  readonly hosts?: readonly string[];
  /** Origins whose pages may speak to it; "*" for all. */
  readonly origins?: readonly string[];
  /** Programs to start when a download has ended. */
  readonly hooks?: HookCommands;
  /** Told of what goes wrong without ending anything. */
  readonly onNotice?: (sentence: string) => void;
}

/** A running daemon: the queue, and everybody who may look at it and steer it. */
export class Daemon implements AsyncDisposable {
  readonly address: DaemonAddress;
  readonly token: string;
  readonly queue: DownloadQueue;
  readonly engine: Engine;
  /** Settles when somebody has asked the daemon to end. */
  readonly endAsked: Promise<void>;
  readonly #state: StateFolder;
  readonly #resources: Resources;

  private constructor(
    parts: Pick<Daemon, 'address' | 'token' | 'queue' | 'engine' | 'endAsked'>,
    state: StateFolder,
    resources: Resources,
  ) {
    this.address = parts.address;
    this.token = parts.token;
    this.queue = parts.queue;
    this.engine = parts.engine;
    this.endAsked = parts.endAsked;
    this.#state = state;
    this.#resources = resources;
  }

  /** @throws ManygetError `daemon-running`, `port-in-use`, `listen-failed` or `io-failed`. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const resources = new Resources();
    try {
      return await Daemon.#start(options, resources);
    } catch (error) {
      await resources[Symbol.asyncDispose]();
      throw error;
    }
  }

  static async #start(options: DaemonOptions, resources: Resources): Promise<Daemon> {
    const { state } = options;
    makeStateFolder(state);
    const store = resources.use(new QueueStore(state.storePath));
    const token = ensureToken(state);
    const host = options.host ?? '127.0.0.1';
    const hosts = [hostName(host), ...(options.hosts ?? [])];
    const guard = new Guard({ token, hosts, origins: options.origins ?? [] });
    const playPath = (gid: string): string => `/play/${gid}/${guard.playKey(gid)}/`;
    const folder = resolve(options.folder);
    const onNotice = options.onNotice ?? ((): void => undefined);
    const engine = resources.use(new Engine(onNotice));
    const queue = resources.use(
      new DownloadQueue({ store, engine, folder, playPath, nowMs: () => Date.now(), onNotice }),
    );
    if (options.downloadsAtOnceMax !== undefined) {
      queue.changeAll({ 'max-concurrent-downloads': String(options.downloadsAtOnceMax) });
    }
    resources.use(runHooks(queue, options.hooks ?? {}, onNotice));
    resources.use(fetchFilmStarts(queue));
    const fleets = resources.use(
      new FleetBoard({ store: store.fleets, start: serve, folder, nowMs: () => Date.now(), onNotice }),
    );
    const version = packageVersion();
    const additions = new Additions(queue);
    let askEnd: () => void = () => undefined;
    const endAsked = new Promise<void>((asked) => (askEnd = asked));
    // The answer to the one who asks is sent first.
    const shutdown = (): void => void setImmediate(askEnd);
    const rpc = new JsonRpc(aria2Methods({ queue, additions, version, shutdown }), (given) => guard.isToken(given));
    const feed = resources.use(new LiveFeed(queue, () => fleets.items));
    const socket = resources.use(new RpcSocket(rpc, queue));
    const page = readPageFiles(fileURLToPath(builtFile('web')));
    const routes = apiRoutes({ queue, fleets, additions, rpc, guard, page, version, shutdown });
    const server = resources.use(new HttpServer({ guard, routes, feed, player: new Player(queue, guard), socket }));
    const address = { pid: process.pid, host, port: await server.listen(host, options.port) };
    writeAddress(state, address);
    return new Daemon({ address, token, queue, engine, endAsked }, state, resources);
  }

  /** Where a browser finds the page; the token is behind the #, which browsers send to nobody. */
  get pageUrl(): string {
    return `${baseUrl(this.address)}/#token=${this.token}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    forgetAddress(this.#state);
    await this.#resources[Symbol.asyncDispose]();
  }
}

/** What was opened, closed in the opposite order. */
class Resources implements AsyncDisposable {
  readonly #opened: (Disposable | AsyncDisposable)[] = [];

  use<T extends Disposable | AsyncDisposable>(resource: T): T {
    this.#opened.push(resource);
    return resource;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const resource of this.#opened.splice(0).reverse()) {
      if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
      else resource[Symbol.dispose]();
    }
  }
}
