import type { FleetItem } from '../../src/base/fleet-snapshot.js';
import type {
  MapRun,
  NumberedEvent,
  QueueDetail,
  QueueItem,
  QueueTotals,
  SpeedSample,
} from '../../src/base/queue-snapshot.js';
import { ApiError, ask, readEvents } from './api.js';

/** What the page shows: follows the daemon's events, and reconnects by itself. */
const cells = 960;
const retryMsMin = 500;
const retryMsMax = 5000;
const logMax = 400;
const samplesMax = 1500;

class Live {
  items = $state.raw<readonly QueueItem[]>([]);
  totals = $state.raw<QueueTotals>({ active: 0, waiting: 0, stopped: 0, speedBytesPerSec: 0 });
  fleets = $state.raw<readonly FleetItem[]>([]);
  connection = $state<'connecting' | 'open' | 'lost' | 'refused'>('connecting');
  openGid = $state<string | undefined>(undefined);
  detail = $state.raw<QueueDetail | undefined>(undefined);
  map = $state.raw<readonly MapRun[]>([]);
  log = $state.raw<readonly NumberedEvent[]>([]);
  /** Of the open download, the newest last; a plain list, since charts draw at their own pace. */
  samples: SpeedSample[] = [];
  #byGid = new Map<string, QueueItem>();
  #stop = new AbortController();
  #retryMs = retryMsMin;

  start(): void {
    void this.#follow(this.#stop.signal);
  }

  /** Shows another download, or none. */
  show(gid: string | undefined): void {
    if (gid === this.openGid) return;
    this.openGid = gid;
    this.detail = undefined;
    this.map = [];
    this.log = [];
    this.samples = [];
    this.reconnect();
  }

  reconnect(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    void this.#follow(this.#stop.signal);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const query = this.openGid === undefined ? '' : `?gid=${this.openGid}&cells=${cells}`;
        const response = await ask('GET', `/api/events${query}`, undefined, signal);
        this.connection = 'open';
        this.#retryMs = retryMsMin;
        await readEvents(response, (event, data) => {
          if (!signal.aborted) this.#take(event, data);
        });
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiError && error.status === 401) {
          this.connection = 'refused';
          return;
        }
      }
      if (signal.aborted) return;
      this.connection = 'lost';
      await new Promise((resolve) => setTimeout(resolve, this.#retryMs));
      this.#retryMs = Math.min(retryMsMax, this.#retryMs * 2);
    }
  }

  #take(event: string, data: unknown): void {
    switch (event) {
      case 'list':
        this.#byGid = new Map((data as QueueItem[]).map((item) => [item.gid, item]));
        this.#sort();
        break;
      case 'items':
        for (const item of data as QueueItem[]) this.#byGid.set(item.gid, item);
        this.#sort();
        break;
      case 'order':
        for (const [position, gid] of (data as string[]).entries()) {
          const item = this.#byGid.get(gid);
          if (item !== undefined) this.#byGid.set(gid, { ...item, position });
        }
        this.#sort();
        break;
      case 'gone':
        for (const gid of data as string[]) this.#byGid.delete(gid);
        this.#sort();
        break;
      case 'fleets':
        this.fleets = data as FleetItem[];
        break;
      case 'totals':
        this.totals = data as QueueTotals;
        break;
      case 'detail':
        this.#detail(data as QueueDetail);
        break;
      case 'map':
        this.map = data as MapRun[];
        break;
      case 'history':
        this.samples = [...(data as SpeedSample[])];
        break;
      case 'log':
        this.#log(data as NumberedEvent[]);
        break;
    }
  }

  #detail(detail: QueueDetail): void {
    this.detail = detail;
    if (detail.item.state !== 'active') return;
    const speeds = detail.sources.flatMap((source) => [source.id, source.speedBytesPerSec]);
    this.samples.push({ atMs: Date.now(), speeds });
    if (this.samples.length > samplesMax) this.samples.splice(0, samplesMax / 4);
  }

  #log(events: readonly NumberedEvent[]): void {
    const last = this.log.at(-1)?.number ?? 0;
    // A daemon that was started anew counts from the start again.
    const known = (events[0]?.number ?? 0) <= last ? [] : this.log;
    this.log = [...known, ...events].slice(-logMax);
  }

  #sort(): void {
    const rank = { active: 0, waiting: 1, paused: 1, error: 2, complete: 3, removed: 4 };
    this.items = [...this.#byGid.values()].sort((a, b) => {
      if (rank[a.state] !== rank[b.state]) return rank[a.state] - rank[b.state];
      if (a.position !== b.position) return a.position - b.position;
      return (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0) || a.addedAtMs - b.addedAtMs;
    });
  }
}

export const live = new Live();

/** The theme that the reader's system asks for, or that was chosen here. */
class Look {
  #system = matchMedia('(prefers-color-scheme: light)');
  #key = 'manyget-theme';
  theme = $state<'dark' | 'light'>('dark');
  calm = matchMedia('(prefers-reduced-motion: reduce)').matches;

  constructor() {
    this.#set(this.#chosen() ?? (this.#system.matches ? 'light' : 'dark'));
    this.#system.addEventListener('change', () => {
      if (this.#chosen() === undefined) this.#set(this.#system.matches ? 'light' : 'dark');
    });
  }

  toggle(): void {
    this.#set(this.theme === 'dark' ? 'light' : 'dark');
    localStorage.setItem(this.#key, this.theme);
  }

  #chosen(): 'dark' | 'light' | undefined {
    const chosen = localStorage.getItem(this.#key);
    return chosen === 'dark' || chosen === 'light' ? chosen : undefined;
  }

  #set(theme: 'dark' | 'light'): void {
    this.theme = theme;
    document.documentElement.dataset['theme'] = theme;
  }
}

export const look = new Look();
