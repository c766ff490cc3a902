import * as v from 'valibot';
import { errorTable, ManygetError, type ErrorCode } from '../base/errors.js';
import type { FleetItem } from '../base/fleet-snapshot.js';
import { printable } from '../base/printable.js';
import type { NumberedEvent, QueueDetail, QueueItem, ServerRecord } from '../base/queue-snapshot.js';
import { baseUrl } from './daemon-url.js';
import { type EventStreamListener, openEventStream } from './event-stream.js';
import { readAddress, readToken, type StateFolder } from './state-folder.js';

/** What is to be added: addresses of one file and of Metalinks, or a Metalink as a document. */
export interface Addition {
  readonly sources: readonly string[];
  readonly metalink?: string | undefined;
  readonly options: Readonly<Record<string, string | readonly string[]>>;
}

/** How the command line speaks to a daemon: its own API, with the token of the state folder. */
export class DaemonClient {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  /** The daemon of that folder; undefined where none answers. */
  static async find(state: StateFolder): Promise<DaemonClient | undefined> {
    const [address, token] = [readAddress(state), readToken(state)];
    if (address === undefined || token === undefined) return undefined;
    const client = new DaemonClient(baseUrl(address), token);
    try {
      await client.#ask('GET', '/api/status');
      return client;
    } catch (error) {
      // A daemon that was killed leaves its address behind, and somebody else may listen there by now.
      if (error instanceof ManygetError && (error.code === 'daemon-absent' || error.code === 'daemon-refused')) {
        return undefined;
      }
      throw error;
    }
  }

  get pageUrl(): string {
    return `${this.url}/#token=${this.#token}`;
  }

  async list(): Promise<QueueItem[]> {
    return (await this.#ask('GET', '/api/downloads')) as QueueItem[];
  }

  async add(wanted: Addition & { readonly position?: number | undefined }): Promise<QueueItem[]> {
    return (await this.#ask('POST', '/api/downloads', wanted)) as QueueItem[];
  }

  /** Adds all, from `position` on, or nothing of it. */
  async addAll(downloads: readonly Addition[], position: number | undefined): Promise<QueueItem[]> {
    return (await this.#ask('POST', '/api/downloads', { downloads, position })) as QueueItem[];
  }

  async detail(gid: string): Promise<QueueDetail> {
    return (await this.#ask('GET', one(gid))) as QueueDetail;
  }

  async pause(gid: string): Promise<QueueDetail> {
    return (await this.#ask('POST', `${one(gid)}/pause`)) as QueueDetail;
  }

  async resume(gid: string): Promise<QueueDetail> {
    return (await this.#ask('POST', `${one(gid)}/resume`)) as QueueDetail;
  }

  async remove(gid: string): Promise<void> {
    await this.#ask('DELETE', one(gid));
  }

  async log(gid: string, after: number): Promise<NumberedEvent[]> {
    return (await this.#ask('GET', `${one(gid)}/log?after=${after}`)) as NumberedEvent[];
  }

  async servers(): Promise<ServerRecord[]> {
    return (await this.#ask('GET', '/api/servers')) as ServerRecord[];
  }

  async fleets(): Promise<FleetItem[]> {
    return (await this.#ask('GET', '/api/fleets')) as FleetItem[];
  }

  async addFleet(wanted: {
    readonly paths: readonly string[];
    readonly ports: readonly number[];
    readonly host?: string | undefined;
    readonly rateLimits?: readonly number[] | undefined;
    readonly token?: string | undefined;
  }): Promise<FleetItem> {
    return (await this.#ask('POST', '/api/fleets', wanted)) as FleetItem;
  }

  /** One server of a fleet, or all of them. */
  async steerFleet(verb: 'close' | 'open', id: number, server: number | undefined): Promise<FleetItem> {
    const which = server === undefined ? '' : `/servers/${server}`;
    return (await this.#ask('POST', `/api/fleets/${id}${which}/${verb}`)) as FleetItem;
  }

  async removeFleet(id: number): Promise<void> {
    await this.#ask('DELETE', `/api/fleets/${id}`);
  }

  /** One source of a running download: whether it is used, and what it may bring; null: no limit. */
  async steerSource(
    gid: string,
    source: number,
    change: { readonly used?: boolean; readonly limitBytesPerSec?: number | null },
  ): Promise<QueueDetail> {
    return (await this.#ask('PATCH', `${one(gid)}/sources/${source}`, change)) as QueueDetail;
  }

  /** Options by the names of docs/rpc.md. */
  async setOptions(gid: string, options: Readonly<Record<string, string>>): Promise<QueueDetail> {
    return (await this.#ask('PATCH', `${one(gid)}/options`, { options })) as QueueDetail;
  }

  async queueOptions(): Promise<Record<string, string>> {
    return (await this.#ask('GET', '/api/options')) as Record<string, string>;
  }

  /** Options of the queue as a whole; returns all of them. */
  async setQueueOptions(options: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    return (await this.#ask('PATCH', '/api/options', { options })) as Record<string, string>;
  }

  /** What happens from now on; with `gid` also in that download, its map in `cells` parts. Returns what ends it. */
  events(
    open: { readonly gid: string; readonly cells: number } | undefined,
    to: EventStreamListener,
  ): { close(): void } {
    const query = open === undefined ? '' : `?gid=${encodeURIComponent(open.gid)}&cells=${open.cells}`;
    return openEventStream(`${this.url}/api/events${query}`, this.#token, to);
  }

  async shutdown(): Promise<void> {
    await this.#ask('POST', '/api/shutdown');
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${this.url}${path}`, init).catch((cause: unknown) => {
      throw new ManygetError('daemon-absent', `no daemon answers at ${this.url}`, { cause });
    });
    const answer = await response.json().catch((cause: unknown) => {
      throw new ManygetError('daemon-refused', `what answers at ${this.url} is no daemon of manyget`, { cause });
    });
    if (!response.ok) throw refusal(answer, response.status);
    return answer;
  }
}

const refusalSchema = v.object({ error: v.object({ code: v.string(), message: v.string() }) });

function refusal(answer: unknown, status: number): ManygetError {
  const parsed = v.safeParse(refusalSchema, answer);
  if (!parsed.success) return new ManygetError('daemon-refused', `the daemon refused with the status ${status}`);
  const { code, message } = parsed.output.error;
  return new ManygetError(isCode(code) ? code : 'daemon-refused', message);
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}

/** @throws ManygetError `gid-unknown`: what can be no GID never gets into a path, of which "" and ".." would make another. */
function one(gid: string): string {
  if (!isGid(gid)) throw new ManygetError('gid-unknown', `there is no download "${printable(gid, 40)}"`);
  return `/api/downloads/${gid}`;
}

/** Whether `text` can be a GID, or the beginning of one. */
export function isGid(text: string): boolean {
  return /^[0-9a-f]{1,16}$/i.test(text);
}
