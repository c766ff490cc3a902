import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DownloadHandle, DownloadOptions } from '../../src/base/download-handle.js';
import { ManygetError } from '../../src/base/errors.js';
import type { DownloadEvent } from '../../src/base/events.js';
import type { FleetHandle } from '../../src/base/fleet-handle.js';
import { download, serve } from '../../src/index.js';
import { ScriptedMgpServer, type ScriptedServerOptions } from './scripted-mgp-server.js';

export const mib = 1024 * 1024;

/** A running fleet of real servers. */
export interface LabFleet {
  readonly handle: FleetHandle;
  url(serverNumber: number, name?: string): string;
  urls(name?: string): string[];
}

/** Where servers of this process keep hashes: a folder while there is a lab, and what was said before otherwise. */
class SharedCache {
  #labs = 0;
  #folder = '';
  #before: string | undefined;

  take(): void {
    this.#labs += 1;
    if (this.#labs > 1) return;
    this.#before = process.env['XDG_CACHE_HOME'];
    this.#folder = mkdtempSync(join(tmpdir(), 'manyget-cache-'));
    process.env['XDG_CACHE_HOME'] = this.#folder;
  }

  release(): void {
    this.#labs -= 1;
    if (this.#labs > 0) return;
    if (this.#before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = this.#before;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const sharedCache = new SharedCache();

/**
 * One test's world: a folder, servers, downloads. All of it ends with the test, whatever became of it. The servers'
 * cache of hashes belongs to the tests that run at the same time, and ends with the last of them.
 */
export class DownloadLab implements AsyncDisposable {
  readonly folder: string;
  readonly #fleets: FleetHandle[] = [];
  readonly #downloads: DownloadHandle[] = [];
  readonly #servers: AsyncDisposable[] = [];

  private constructor(folder: string) {
    this.folder = folder;
    sharedCache.take();
  }

  static async create(): Promise<DownloadLab> {
    return new DownloadLab(await mkdtemp(join(tmpdir(), 'manyget-e2e-')));
  }

  /** Where downloads of this test go. */
  get output(): string {
    return join(this.folder, 'out.bin');
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Writes a file to serve, with bytes made of `seed`. */
  file(name: string, sizeBytes: number, seed = 1): { path: string; bytes: Buffer } {
    const bytes = seededBytes(sizeBytes, seed);
    const path = this.path('served', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    return { path, bytes };
  }

  async serve(
    paths: string | readonly string[],
    options: { readonly servers?: number; readonly rateLimits?: readonly number[] } = {},
  ): Promise<LabFleet> {
    const list = typeof paths === 'string' ? [paths] : paths;
    const { rateLimits } = options;
    const ports = new Array<number>(options.servers ?? rateLimits?.length ?? 1).fill(0);
    const handle = await serve({ paths: list, ports, ...(rateLimits === undefined ? {} : { rateLimits }) });
    this.#fleets.push(handle);
    const first = list[0]?.split('/').at(-1) ?? '';
    const url = (n: number, name = first): string =>
      `mgp://127.0.0.1:${handle.snapshot().servers[n - 1]?.port ?? 0}/${name}`;
    return { handle, url, urls: (name) => ports.map((_, i) => url(i + 1, name)) };
  }

  async script(options: ScriptedServerOptions, port?: number): Promise<ScriptedMgpServer> {
    return this.use(await ScriptedMgpServer.start(options, port));
  }

  /** Has a server of any kind end with the test. */
  use<Resource extends AsyncDisposable>(resource: Resource): Resource {
    this.#servers.push(resource);
    return resource;
  }

  /** A port where `talk` decides what a client meets. */
  async listen(talk: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      talk(socket);
    });
    const port = await listening(server);
    this.#servers.push({
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy();
        await closed(server);
      },
    });
    return port;
  }

  get(sources: readonly string[], options: Omit<DownloadOptions, 'sources'> = {}): DownloadHandle {
    return this.keep(download({ output: this.output, ...options, sources }));
  }

  /** Has the download end with the test. */
  keep<Handle extends DownloadHandle>(handle: Handle): Handle {
    this.#downloads.push(handle);
    return handle;
  }

  /** What is in the output now; undefined while it does not exist. */
  written(path = this.output): Buffer | undefined {
    return existsSync(path) ? readFileSync(path) : undefined;
  }

  /** Which files of an unfinished download are there. */
  leftovers(path = this.output): string[] {
    return ['.part', '.part.journal', '.part.lock'].filter((suffix) => existsSync(path + suffix));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#downloads.map((handle) => handle.cancel('ended with its test')));
    await Promise.all(this.#fleets.map((fleet) => fleet.stop()));
    await Promise.all(this.#servers.map((server) => server[Symbol.asyncDispose]()));
    sharedCache.release();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

/** The same bytes for the same seed; no two blocks of 64 alike. */
export function seededBytes(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  const block = createHash('sha512').update(`seed ${seed}`).digest();
  for (let at = 0; at < sizeBytes; at += 64) {
    block.writeUInt32LE(at >>> 6, 0);
    block.copy(bytes, at);
  }
  return bytes;
}

/** Resolves once `holds` does. How long that may take is the test's own limit. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(5);
}

/** Resolves once so many bytes are in the file; rejects where the download ends without them. */
export async function untilDone(handle: DownloadHandle, bytes: number): Promise<void> {
  let ended = false;
  const end = handle.done.finally(() => (ended = true));
  end.catch(() => undefined);
  await until(() => ended || handle.snapshot().doneBytes >= bytes);
  if (handle.snapshot().doneBytes < bytes) await end;
}

/** The error that a download ends with. */
export async function failure(handle: DownloadHandle): Promise<ManygetError> {
  try {
    await handle.done;
  } catch (error) {
    if (error instanceof ManygetError) return error;
    throw error;
  }
  throw new Error('the download succeeded, expected an error');
}

/** All events of one type, as far as they are kept. */
export function eventsOf<Type extends DownloadEvent['type']>(
  handle: DownloadHandle,
  type: Type,
): Extract<DownloadEvent, { type: Type }>[] {
  return handle.recentEvents(10_000).filter((e): e is Extract<DownloadEvent, { type: Type }> => e.type === type);
}
