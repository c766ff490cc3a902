import type { DownloadHandle } from '../../base/download-handle.js';
import type { DownloadEvent } from '../../base/events.js';
import type { HostGate } from '../queue/host-slots.js';
import type { DownloadCommand, DownloadNews } from './engine-messages.js';
import { flatRuns } from './map-runs.js';

/** Events that wait to be told, at most: who looks at a log does not miss the oldest of a thousand. */
const untoldMax = 400;
/** Of a download that has ended, which the daemon keeps by the thousand. */
const lastMapCells = 512;

/** One download on the engine's thread: carries out what the other thread wants of it, and says what is new. */
export class DownloadRunner {
  readonly id: number;
  readonly handle: DownloadHandle;
  readonly #gate: HostGate;
  readonly #onNews: () => void;
  #untold: DownloadEvent[];
  #toldPieces: Uint8Array | undefined;

  /** @param onNews Something that is worth telling at once. */
  constructor(id: number, handle: DownloadHandle, gate: HostGate, onNews: () => void) {
    this.id = id;
    this.handle = handle;
    this.#gate = gate;
    this.#onNews = onNews;
    this.#untold = [...handle.recentEvents(untoldMax)];
    handle.done.then(gate.close, gate.close);
  }

  /** Keeps what happens until it is told; resolves once nothing more does. */
  async follow(): Promise<void> {
    for await (const event of this.handle.events()) {
      this.#untold.push(event);
      if (this.#untold.length > untoldMax) this.#untold.splice(0, untoldMax / 4);
      if (event.type === 'phase' || event.type === 'source-ready') this.#onNews();
    }
  }

  /** The state of the download, and what happened since the last call. */
  news(): DownloadNews {
    const events = this.#untold;
    if (events.length > 0) this.#untold = [];
    return { id: this.id, snapshot: this.handle.snapshot(), events };
  }

  /** The shared table of pieces, where it is another one than at the last call. */
  newPieces(): Uint8Array | undefined {
    const pieces = this.handle.pieceStates();
    if (pieces === this.#toldPieces) return undefined;
    this.#toldPieces = pieces;
    return pieces;
  }

  /** The map that outlives the download. */
  lastMap(): Int32Array {
    return flatRuns(this.handle.map(lastMapCells));
  }

  rest(urls: readonly string[]): void {
    if (urls.length === 0) return;
    for (const { id, url } of this.handle.snapshot().sources) if (urls.includes(url)) this.handle.disableSource(id);
  }

  /** @throws ManygetError `usage`: what makes no sense. */
  async carryOut(command: DownloadCommand): Promise<unknown> {
    const { handle } = this;
    switch (command.type) {
      case 'pause':
        this.#gate.rest(true);
        return handle.pause();
      case 'resume':
        this.#gate.rest(false);
        return handle.resume();
      case 'add-source':
        return void handle.addSource(command.url);
      case 'remove-source':
        return handle.removeSource(command.source);
      case 'disable-source':
        return handle.disableSource(command.source);
      case 'enable-source':
        return handle.enableSource(command.source);
      case 'limit':
        return handle.setLimitRate(command.bytesPerSec);
      case 'limit-source':
        return handle.setSourceLimit(command.source, command.bytesPerSec);
      case 'cancel':
        return handle.cancel(command.reason);
      case 'map':
        return flatRuns(handle.map(command.cells));
    }
  }
}
