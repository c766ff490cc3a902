/** A download that does what a test says: snapshots, events and an end, without a network. */
import type { DownloadHandle } from '../../src/base/download-handle.js';
import { ManygetError } from '../../src/base/errors.js';
import type { DownloadEvent } from '../../src/base/events.js';
import type {
  DownloadReport,
  DownloadSnapshot,
  MapCell,
  SourceReport,
  SourceSnapshot,
} from '../../src/base/snapshot.js';
import { ScriptedEvents } from './scripted-events.js';

const MiB = 1024 * 1024;

export function sourceSnapshot(id: number, change: Partial<SourceSnapshot> = {}): SourceSnapshot {
  return {
    id,
    url: `mgp://127.0.0.1:${9001 + id}/video.mp4`,
    label: `127.0.0.1:${9001 + id}`,
    state: 'active',
    note: '',
    connections: 1,
    receivedBytes: 3 * MiB,
    assignedBytes: 5 * MiB,
    duplicateBytes: 0,
    speedBytesPerSec: 1.5 * MiB,
    meanSpeedBytesPerSec: 1.4 * MiB,
    connectMs: 0.4,
    firstByteMs: 1.2,
    waitingMs: 0,
    faults: 0,
    limitBytesPerSec: undefined,
    tier: 0,
    ...change,
  };
}

export function downloadSnapshot(change: Partial<DownloadSnapshot> = {}): DownloadSnapshot {
  return {
    phase: 'downloading',
    note: '',
    name: 'video.mp4',
    outputPath: 'video.mp4',
    sizeBytes: 20 * MiB,
    doneBytes: 8 * MiB,
    verifiedBytes: 7 * MiB,
    resumedBytes: 0,
    duplicateBytes: 0,
    speedBytesPerSec: 3 * MiB,
    limitBytesPerSec: undefined,
    etaMs: 4000,
    elapsedMs: 3200,
    pieceBytes: MiB,
    pieceCount: 20,
    sources: [sourceSnapshot(0), sourceSnapshot(1)],
    ...change,
  };
}

export function sourceReport(id: number, change: Partial<SourceReport> = {}): SourceReport {
  return {
    id,
    url: `mgp://127.0.0.1:${9001 + id}/video.mp4`,
    label: `127.0.0.1:${9001 + id}`,
    bytes: 10 * MiB,
    share: 0.5,
    connectMs: 0.4,
    firstByteMs: 1.2,
    waitingMs: 30,
    meanSpeedBytesPerSec: 1.5 * MiB,
    duplicateBytes: 0,
    faults: 0,
    ranges: true,
    note: '',
    ...change,
  };
}

export function downloadReport(change: Partial<DownloadReport> = {}): DownloadReport {
  return {
    name: 'video.mp4',
    outputPath: 'video.mp4',
    sizeBytes: 20 * MiB,
    fetchedBytes: 20 * MiB,
    resumedBytes: 0,
    duplicateBytes: 0,
    elapsedMs: 6600,
    speedBytesPerSec: 3.03 * MiB,
    efficiency: 0.974,
    sha256: 'ab'.repeat(32),
    sha256Origin: 'stated',
    piecesVerified: 20,
    wholeVerified: '',
    pieceCount: 20,
    sources: [sourceReport(0), sourceReport(1)],
    ...change,
  };
}

/** Cells of a map: each letter a state (v r f .) with the source's number behind it, as in "v0v0r1f1..". */
export function mapCells(text: string): MapCell[] {
  const states = { v: 'verified', r: 'received', f: 'in-flight', '.': 'missing' } as const;
  return [...text.matchAll(/([vrf])(-?\d)|\./g)].map((cell) =>
    cell[1] === undefined
      ? { state: 'missing', source: -1 }
      : { state: states[cell[1] as 'v' | 'r' | 'f'], source: Number(cell[2]) },
  );
}

/** A handle whose state and end are set from outside. */
export class ScriptedDownload implements DownloadHandle {
  readonly done: Promise<DownloadReport>;
  state: DownloadSnapshot = downloadSnapshot();
  cells: MapCell[] = mapCells('v0v0v0r0f0....v1v1v1r1f1....');
  cancelled: string | undefined;
  readonly #events = new ScriptedEvents<DownloadEvent>();
  #finish!: (report: DownloadReport) => void;
  #fail!: (error: Error) => void;

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
  }

  emit(event: DownloadEvent): void {
    this.#events.emit(event);
  }

  finish(report: DownloadReport = downloadReport()): void {
    this.#events.end();
    this.#finish(report);
  }

  fail(error: Error): void {
    this.#events.end();
    this.#fail(error);
  }

  events(): AsyncIterableIterator<DownloadEvent> {
    return this.#events.read(this.#events.count);
  }

  recentEvents(max: number): readonly DownloadEvent[] {
    return this.#events.recent(max);
  }

  snapshot(): DownloadSnapshot {
    return this.state;
  }

  /** `cells` stretched to the number asked for. */
  pieceStates(): undefined {
    return undefined;
  }

  map(cells: number): MapCell[] {
    return Array.from({ length: cells }, (_, index) => {
      const cell = this.cells[Math.floor((index * this.cells.length) / cells)];
      return cell ?? { state: 'missing', source: -1 };
    });
  }

  cancel(reason = 'cancelled'): Promise<void> {
    this.cancelled = reason;
    this.fail(new ManygetError('aborted', `the download was ${reason}; its state is kept`));
    return Promise.resolve();
  }

  createReader(): never {
    throw new Error('nobody reads a scripted download');
  }
  pause(): void {}
  resume(): void {}
  addSource(): number {
    return this.state.sources.length;
  }
  removeSource(): void {}
  disableSource(): void {}
  enableSource(): void {}
  sizeKnown(): Promise<number> {
    return Promise.resolve(this.state.sizeBytes ?? 0);
  }
  setLimitRate(bytesPerSec: number | undefined): void {
    this.state = { ...this.state, limitBytesPerSec: bytesPerSec };
  }
  setSourceLimit(): void {}
  setSourceTier(): void {}
}
