/** What `top` shows, and how the daemon's messages and keys change it. Pure: asks nobody, draws nothing. */
import {
  mapStates,
  type MapRun,
  type NumberedEvent,
  type QueueDetail,
  type QueueItem,
} from '../../base/queue-snapshot.js';
import type { MapCell, SourceSnapshot } from '../../base/snapshot.js';
import type { FeedMessage } from '../../daemon/event-stream.js';
import { SpeedHistory } from '../speed-history.js';
import { LineEditor } from '../terminal/line-editor.js';
import { Glide } from './glide.js';

type TopView = 'list' | 'servers' | 'help';

/** A question that waits for its answer at the bottom. */
type TopQuestion =
  | { readonly type: 'remove'; readonly item: QueueItem }
  | {
      readonly type: 'limit';
      readonly item: QueueItem | undefined;
      /** One server of that download alone. */
      readonly source: SourceSnapshot | undefined;
      readonly editor: LineEditor;
    };

/** What a key asks for beyond the screen. */
export type TopWish = { readonly type: 'quit' | 'suspend' } | TopDeed;

/** What the daemon is to do. */
export type TopDeed =
  | { readonly type: 'pause' | 'resume' | 'remove'; readonly item: QueueItem }
  | { readonly type: 'limit'; readonly item: QueueItem | undefined; readonly limit: string }
  | { readonly type: 'limit-source'; readonly item: QueueItem; readonly source: SourceSnapshot; readonly limit: string }
  | { readonly type: 'use'; readonly item: QueueItem; readonly source: SourceSnapshot; readonly isUsed: boolean };

const eventsKept = 64;
const historyEveryMs = 500;
const historySamples = 20;
const rank = { active: 0, waiting: 1, paused: 1, error: 2, complete: 3, removed: 4 } as const;

export class TopState {
  view: TopView = 'list';
  items: readonly QueueItem[] = [];
  speedBytesPerSec = 0;
  /** Undefined before the daemon's first word. */
  connection: 'open' | 'lost' | undefined;
  /** What became of the last wish. */
  message = '';
  question: TopQuestion | undefined;
  /** Of the download whose servers are shown. */
  detail: QueueDetail | undefined;
  events: readonly NumberedEvent[] = [];
  history = new SpeedHistory(historyEveryMs, historySamples);
  readonly glide = new Glide();
  #map: readonly MapRun[] = [];
  #selectedGid: string | undefined;
  #selectedRow = 0;
  /** In the open download; the first of its servers where that one is not known. */
  #chosenSource: number | undefined;

  /** The download that keys mean. */
  get selected(): QueueItem | undefined {
    return this.items[this.#selectedRow];
  }

  get selectedRow(): number {
    return this.#selectedRow;
  }

  /** The server that keys mean, of the download whose servers are shown. */
  get chosenSource(): SourceSnapshot | undefined {
    const sources = this.detail?.sources;
    return sources?.find((source) => source.id === this.#chosenSource) ?? sources?.[0];
  }

  /** The download whose servers are asked for; undefined where none is. */
  get openGid(): string | undefined {
    return this.view === 'servers' ? this.#selectedGid : undefined;
  }

  /** The map as `cells` cells, whatever number the daemon made. */
  map(cells: number): MapCell[] {
    const had = this.#map.reduce((sum, [count]) => sum + count, 0);
    const made: MapCell[] = [];
    let [run, end] = [-1, 0];
    for (let cell = 0; cell < cells; cell += 1) {
      const at = Math.floor((cell * had) / cells);
      while (at >= end && run + 1 < this.#map.length) {
        run += 1;
        end += this.#map[run]?.[0] ?? 0;
      }
      const [, state = 0, source = -1] = this.#map[run] ?? [];
      made.push({ state: mapStates[state] ?? 'missing', source });
    }
    return made;
  }

  take(message: FeedMessage, nowMs: number): void {
    this.connection = 'open';
    switch (message.event) {
      case 'list':
        this.#setItems(message.data, nowMs);
        return;
      case 'items': {
        const fresh = new Map(message.data.map((item) => [item.gid, item]));
        const kept = this.items.filter((item) => !fresh.has(item.gid));
        this.#setItems([...kept, ...fresh.values()], nowMs);
        return;
      }
      case 'order': {
        const places = new Map(message.data.map((gid, place) => [gid, place]));
        const placed = this.items.map((item) => ({ ...item, position: places.get(item.gid) ?? item.position }));
        this.#setItems(placed, nowMs);
        return;
      }
      case 'gone': {
        const gone = new Set(message.data);
        for (const gid of gone) this.glide.forget(gid);
        const kept = this.items.filter((item) => !gone.has(item.gid));
        this.#setItems(kept, nowMs);
        return;
      }
      case 'totals':
        this.speedBytesPerSec = message.data.speedBytesPerSec;
        return;
      case 'detail':
        this.#setDetail(message.data, nowMs);
        return;
      case 'map':
        this.#map = message.data;
        return;
      case 'log': {
        const last = this.events.at(-1)?.number ?? 0;
        // A daemon that was started anew counts from the start again.
        const before = (message.data[0]?.number ?? 0) <= last ? [] : this.events;
        this.events = [...before, ...message.data].slice(-eventsKept);
      }
    }
  }

  /** What one key asks for; undefined where it only changes the screen. */
  key(key: string, pageRows: number): TopWish | undefined {
    if (key === 'interrupt') return { type: 'quit' };
    if (key === 'suspend') return { type: 'suspend' };
    if (this.question !== undefined) return this.#answer(this.question, key);
    this.message = '';
    if (this.view === 'help') {
      this.view = this.detail === undefined ? 'list' : 'servers';
      return undefined;
    }
    return this.#move(key, pageRows) ? undefined : this.#command(key);
  }

  #setItems(items: readonly QueueItem[], nowMs: number): void {
    this.items = [...items].sort((a, b) => {
      if (rank[a.state] !== rank[b.state]) return rank[a.state] - rank[b.state];
      if (a.position !== b.position) return a.position - b.position;
      return (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0) || a.addedAtMs - b.addedAtMs;
    });
    for (const item of this.items) {
      if (item.state === 'active') this.glide.set(item.gid, item.doneBytes, nowMs);
    }
    // The selection stays with its download; where that is gone, with its row.
    const row = this.items.findIndex((item) => item.gid === this.#selectedGid);
    if (row < 0 && this.view === 'servers') this.#showList();
    this.#select(row >= 0 ? row : this.#selectedRow);
  }

  #setDetail(detail: QueueDetail, nowMs: number): void {
    if (detail.item.gid !== this.#selectedGid) return;
    this.detail = detail;
    this.history.add(detail.elapsedMs, detail.sources);
    this.glide.set(detail.item.gid, detail.item.doneBytes, nowMs);
    for (const { id, receivedBytes } of detail.sources) this.glide.set(`source ${id}`, receivedBytes, nowMs);
  }

  #select(row: number): void {
    this.#selectedRow = Math.max(0, Math.min(this.items.length - 1, row));
    this.#selectedGid = this.selected?.gid;
  }

  #move(key: string, pageRows: number): boolean {
    const step = { up: -1, k: -1, down: 1, j: 1, 'page-up': -pageRows, 'page-down': pageRows }[key];
    const end = { home: 0, g: 0, end: Infinity, G: Infinity }[key];
    if (step === undefined && end === undefined) return false;
    if (this.view === 'servers') this.#chooseSource(end, step ?? 0);
    else this.#select(end ?? this.#selectedRow + (step ?? 0));
    return true;
  }

  #chooseSource(end: number | undefined, step: number): void {
    const sources = this.detail?.sources ?? [];
    const at = sources.findIndex((source) => source.id === this.chosenSource?.id);
    this.#chosenSource = sources[Math.max(0, Math.min(sources.length - 1, end ?? at + step))]?.id;
  }

  /** The servers of the next download, round and round. */
  #openNext(step: number): void {
    const count = this.items.length;
    if (this.view !== 'servers' || count < 2) return;
    this.#select((this.#selectedRow + step + count) % count);
    this.#openServers();
  }

  #command(key: string): TopWish | undefined {
    const item = this.selected;
    switch (key) {
      case 'q':
        return { type: 'quit' };
      case '?':
      case 'h':
        this.view = 'help';
        return undefined;
      case 'escape':
      case 'left':
        this.#showList();
        return undefined;
      case 'enter':
      case 's':
      case 'right':
        if (this.view === 'servers' && key !== 'right') this.#showList();
        else if (item !== undefined && this.view === 'list') this.#openServers();
        return undefined;
      case 'tab':
      case 'back-tab':
        this.#openNext(key === 'tab' ? 1 : -1);
        return undefined;
      case 'L':
        this.question = { type: 'limit', item: undefined, source: undefined, editor: new LineEditor() };
        return undefined;
    }
    if (item === undefined) return undefined;
    const source = this.view === 'servers' ? this.chosenSource : undefined;
    if (key === 'u' && source !== undefined) return { type: 'use', item, source, isUsed: source.state === 'disabled' };
    if (key === 'p') return { type: 'pause', item };
    if (key === 'r') return { type: 'resume', item };
    if (key === 'x') this.question = { type: 'remove', item };
    if (key === 'l') this.question = { type: 'limit', item, source, editor: new LineEditor() };
    return undefined;
  }

  #answer(question: TopQuestion, key: string): TopWish | undefined {
    if (question.type === 'remove') {
      this.question = undefined;
      return key === 'y' || key === 'Y' ? { type: 'remove', item: question.item } : undefined;
    }
    if (key === 'escape') {
      this.question = undefined;
      return undefined;
    }
    // Keys with a name are none to write with.
    if (key !== 'enter' && [...key].length > 1) return undefined;
    const [action] = question.editor.push(key === 'enter' ? '\r' : key);
    if (action?.type !== 'line') return undefined;
    this.question = undefined;
    const limit = action.text.trim();
    if (limit === '') return undefined;
    const { item, source } = question;
    if (item !== undefined && source !== undefined) return { type: 'limit-source', item, source, limit };
    return { type: 'limit', item, limit };
  }

  #openServers(): void {
    this.view = 'servers';
    this.#forgetDetail();
  }

  #showList(): void {
    this.view = 'list';
    this.#forgetDetail();
  }

  #forgetDetail(): void {
    this.detail = undefined;
    this.#chosenSource = undefined;
    this.#map = [];
    this.events = [];
    this.history = new SpeedHistory(historyEveryMs, historySamples);
    this.glide.forget('source ');
  }
}
