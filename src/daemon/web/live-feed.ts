import type { ServerResponse } from 'node:http';
import type { FleetItem } from '../../base/fleet-snapshot.js';
import type { DownloadQueue } from '../queue/download-queue.js';
import type { QueueEntry } from '../queue/queue-entry.js';

/**
 * Live events for pages, as server-sent events. What all pages see is made once for all of them. A page that does not
 * read fast enough misses messages and then gets the whole again: nothing piles up for it.
 *
 * Messages: `list` (all downloads), `items` (those that changed), `order` (GIDs of those that wait, where more changed of
 * it than that some wait no more), `gone` (GIDs), `fleets` (all fleets of servers, where one changed), `detail`, `map`,
 * `log`, `history` (of the download that the page has open). That another place in the queue is free is no change of a
 * thousand downloads.
 */
interface Page {
  readonly response: ServerResponse;
  readonly gid: string | undefined;
  readonly cells: number;
  needsList: boolean;
  /** What it was sent last of what does not change while nothing happens. */
  detail: string;
  map: string;
  sentEvents: number;
  hasHistory: boolean;
}

interface Sent {
  readonly state: string;
  readonly progress: unknown;
  readonly spec: unknown;
  readonly item: string;
}

const listEveryTicks = 2;
const tickMs = 250;
const aliveEveryTicks = 60;
const backlogBytesMax = 4 * 1024 * 1024;

export class LiveFeed implements Disposable {
  readonly #queue: DownloadQueue;
  readonly #fleets: () => readonly FleetItem[];
  readonly #pages = new Set<Page>();
  /** What pages know of each download; of one that does not run, what it was made of, which is cheaper to compare. */
  readonly #sent = new Map<string, Sent>();
  #order: readonly string[] = [];
  readonly #gone = new Set<string>();
  readonly #stopListening: () => void;
  #ticker: NodeJS.Timeout | undefined;
  #ticks = 0;
  #sentFleets = '[]';
  #list: string | undefined;
  /** The newest map that pages show of each download, by its GID and in how many parts. */
  readonly #maps = new Map<string, { text: string; isAsked: boolean; usedAtTick: number }>();

  constructor(queue: DownloadQueue, fleets: () => readonly FleetItem[]) {
    this.#queue = queue;
    this.#fleets = fleets;
    this.#stopListening = queue.listen((event, entry) => {
      if (event !== 'forgotten') return;
      if (this.#sent.delete(entry.gid)) this.#gone.add(entry.gid);
    });
  }

  /** From now on `response` gets the events; `gid`: also those of this download, its map in `cells` parts. */
  open(response: ServerResponse, gid: string | undefined, cells: number): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    const page: Page = { response, gid, cells, needsList: true, detail: '', map: '', sentEvents: 0, hasHistory: false };
    this.#pages.add(page);
    response.on('close', () => {
      this.#pages.delete(page);
      if (this.#pages.size > 0) return;
      clearInterval(this.#ticker);
      this.#ticker = undefined;
    });
    if (this.#ticker === undefined) {
      // What changed while nobody looked is in the list that every page begins with.
      this.#list = undefined;
      this.#maps.clear();
      this.#sent.clear();
      this.#gone.clear();
      this.#orderMessage();
      for (const entry of this.#queue.lists.all) this.#change(entry);
      this.#ticker = setInterval(() => this.#tick(), tickMs);
    }
    this.#serve(page, new Map());
  }

  [Symbol.dispose](): void {
    this.#stopListening();
    clearInterval(this.#ticker);
    for (const { response } of this.#pages) response.end();
  }

  #tick(): void {
    this.#ticks += 1;
    const changes = this.#ticks % listEveryTicks === 0 ? this.#changes() : '';
    const alive = this.#ticks % aliveEveryTicks === 0 ? ': alive\n\n' : '';
    const made = new Map<string, string>();
    for (const page of this.#pages) this.#serve(page, made, changes, alive);
    for (const [key, { usedAtTick }] of this.#maps) if (usedAtTick < this.#ticks - 1) this.#maps.delete(key);
  }

  /** What pages that have the list have to be told since the last call. */
  #changes(): string {
    this.#list = undefined;
    const changed: string[] = [];
    const { lists } = this.#queue;
    const order = this.#orderMessage();
    for (const entry of lists.all) {
      const item = this.#change(entry);
      if (item !== '') changed.push(item);
    }
    const gone = this.#gone.size > 0 ? message('gone', JSON.stringify([...this.#gone])) : '';
    this.#gone.clear();
    const totals = message('totals', JSON.stringify(this.#queue.totals()));
    const items = changed.length > 0 ? message('items', `[${changed.join(',')}]`) : '';
    return `${items}${order}${gone}${this.#fleetChanges()}${totals}`;
  }

  #fleetChanges(): string {
    const fleets = JSON.stringify(this.#fleets());
    if (fleets === this.#sentFleets) return '';
    this.#sentFleets = fleets;
    return message('fleets', fleets);
  }

  /** What pages have to be told of an entry since the last call; empty where that is nothing. */
  #change(entry: QueueEntry): string {
    const { gid, state, progress, spec } = entry;
    const sent = this.#sent.get(gid);
    const isLive = entry.handle !== undefined;
    if (!isLive && sent?.state === state && sent.progress === progress && sent.spec === spec) return '';
    const { lists } = this.#queue;
    const item = JSON.stringify(entry.item(state === 'waiting' || state === 'paused' ? lists.positionOf(entry) : -1));
    this.#sent.set(gid, { state, progress: entry.progress, spec, item: isLive ? item : '' });
    return isLive && sent?.item === item ? '' : item;
  }

  /** Empty where those that wait are the same as before, in the same order, or some of them. */
  #orderMessage(): string {
    const order = this.#queue.lists.queued.map(({ gid }) => gid);
    const now = new Set(order);
    const before = this.#order.filter((gid) => now.has(gid));
    this.#order = order;
    const isSame = before.length === order.length && before.every((gid, n) => gid === order[n]);
    return isSame ? '' : message('order', JSON.stringify(order));
  }

  /** One write for each page: it is the writing that costs. @param made Messages of this moment, by what they are of. */
  #serve(page: Page, made: Map<string, string>, changes = '', alive = ''): void {
    const { response } = page;
    if (response.writableLength > backlogBytesMax) {
      page.needsList = true;
      return;
    }
    let text = alive;
    if (!page.needsList) text += changes;
    else if (response.writableLength === 0) {
      text += this.#listMessages();
      page.needsList = false;
    }
    const entry = page.gid === undefined ? undefined : this.#queue.lists.find(page.gid);
    if (entry !== undefined) text += this.#messagesOf(page, entry, made);
    if (text !== '') response.write(text);
  }

  /** The whole: made once for all who come between two rounds of changes. */
  #listMessages(): string {
    this.#list ??=
      message('list', JSON.stringify(this.#queue.lists.items())) + message('fleets', JSON.stringify(this.#fleets()));
    return this.#list;
  }

  #messagesOf(page: Page, entry: QueueEntry, made: Map<string, string>): string {
    let detail = made.get(entry.gid);
    if (detail === undefined) {
      detail = message('detail', JSON.stringify(entry.detail(this.#queue.lists.positionOf(entry))));
      made.set(entry.gid, detail);
    }
    const map = this.#mapMessage(entry, page.cells);
    const isNewDetail = page.detail !== detail;
    const isNewMap = page.map !== map;
    page.detail = detail;
    page.map = map;
    return (isNewDetail ? detail : '') + (isNewMap ? map : '') + this.#newsOf(page, entry);
  }

  /** The newest map that there is; the engine is asked for the one of the next tick. Empty before the first. */
  #mapMessage(entry: QueueEntry, cells: number): string {
    const key = `${entry.gid} ${cells}`;
    const known = this.#maps.get(key) ?? { text: '', isAsked: false, usedAtTick: 0 };
    this.#maps.set(key, known);
    known.usedAtTick = this.#ticks;
    if (known.isAsked) return known.text;
    known.isAsked = true;
    const isFirst = known.text === '';
    const made = (text: string): void => {
      known.isAsked = false;
      known.text = text;
      if (isFirst) this.#firstMap(entry, cells, text);
    };
    entry.mapRuns(cells).then(
      (runs) => made(message('map', JSON.stringify(runs))),
      () => made(''),
    );
    return known.text;
  }

  /** Who opens a page does not wait for the next tick. */
  #firstMap(entry: QueueEntry, cells: number, text: string): void {
    for (const page of this.#pages) {
      if (page.map !== '' || page.cells !== cells || page.gid === undefined) continue;
      if (this.#queue.lists.find(page.gid) !== entry) continue;
      page.map = text;
      page.response.write(text);
    }
  }

  #newsOf(page: Page, entry: QueueEntry): string {
    const history = page.hasHistory ? '' : message('history', JSON.stringify(entry.samples));
    page.hasHistory = true;
    const fresh = entry.events.filter((event) => event.number > page.sentEvents);
    page.sentEvents = fresh.at(-1)?.number ?? page.sentEvents;
    return history + (fresh.length > 0 ? message('log', JSON.stringify(fresh)) : '');
  }
}

function message(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`;
}
