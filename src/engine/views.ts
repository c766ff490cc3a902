import type {
  DownloadPhase,
  DownloadReport,
  MapCell,
  DownloadSnapshot,
  SourceReport,
  SourceSnapshot,
} from '../base/snapshot.js';
import type { FileDigest } from './download-output.js';
import type { FileFacts } from './resume-state.js';
import type { Pace } from './pace.js';
import type { SourceRunner } from './source-runner.js';
import type { Transfer } from './transfer.js';

/** What the views of a download are made from. */
export interface DownloadView {
  readonly phase: DownloadPhase;
  readonly note: string;
  readonly nowMs: number;
  readonly outputPath: string;
  readonly facts: FileFacts | undefined;
  readonly transfer: Transfer | undefined;
  readonly runners: readonly SourceRunner[];
  readonly pace: Pace;
  readonly resumedBytes: number;
  /** Bytes of a file that comes as one stream. */
  readonly streamedBytes: number;
}

/** Phases in which nothing more comes for now: the speed is that of the time before, and says nothing about the end. */
const standing: ReadonlySet<DownloadPhase> = new Set(['waiting', 'paused', 'disk-full']);

export function makeSnapshot(view: DownloadView): DownloadSnapshot {
  const { facts, transfer, runners } = view;
  const doneBytes = transfer?.ledger.receivedBytes ?? view.streamedBytes;
  const speed = runners.reduce((sum, runner) => sum + runner.speedBytesPerSec, 0);
  const left = (facts?.sizeBytes ?? 0) - doneBytes;
  const orders = new Map<number, { bytes: number; stalled: boolean }>();
  for (const run of transfer?.scheduler.inFlight() ?? []) {
    const lane = transfer?.scheduler.lane(run.connection);
    const before = orders.get(run.source);
    const stalled = lane?.isSuspect === true && (before?.stalled ?? true);
    orders.set(run.source, { bytes: (before?.bytes ?? 0) + run.end - run.start, stalled });
  }
  return {
    phase: view.phase,
    note: view.note,
    name: facts?.name ?? runners[0]?.source.fileName ?? '',
    outputPath: view.outputPath,
    sizeBytes: facts?.sizeBytes,
    doneBytes,
    verifiedBytes: transfer?.ledger.verifiedBytes ?? 0,
    resumedBytes: view.resumedBytes,
    duplicateBytes: transfer?.ledger.duplicateBytes ?? 0,
    speedBytesPerSec: speed,
    limitBytesPerSec: view.pace.totalBytesPerSec,
    etaMs: facts !== undefined && speed > 0 && !standing.has(view.phase) ? (left / speed) * 1000 : undefined,
    elapsedMs: view.nowMs,
    pieceBytes: facts?.pieceBytes,
    pieceCount: transfer?.ledger.pieceCount,
    sources: runners.map((runner) => sourceSnapshot(runner, orders.get(runner.id), view.pace)),
  };
}

function sourceSnapshot(
  runner: SourceRunner,
  order: { bytes: number; stalled: boolean } | undefined,
  pace: Pace,
): SourceSnapshot {
  const state = runner.state;
  return {
    id: runner.id,
    url: runner.source.url,
    label: runner.source.label,
    state: state === 'ready' && order !== undefined ? (order.stalled ? 'stalled' : 'active') : state,
    note: runner.note,
    connections: runner.readyLinks,
    receivedBytes: runner.writtenBytes,
    assignedBytes: runner.writtenBytes + (order?.bytes ?? 0),
    duplicateBytes: runner.duplicateBytes,
    speedBytesPerSec: runner.speedBytesPerSec,
    meanSpeedBytesPerSec: runner.meanBytesPerSec,
    connectMs: runner.connectMs,
    firstByteMs: runner.firstByteMs,
    waitingMs: runner.waitingMs,
    faults: runner.faults,
    limitBytesPerSec: pace.sourceBytesPerSec(runner.id),
    tier: runner.tier,
  };
}

/** The file in `cells` equal parts; nothing of it is there before a transfer has begun. */
export function makeMap(transfer: Transfer | undefined, cells: number): MapCell[] {
  if (transfer === undefined) return Array.from({ length: cells }, () => ({ state: 'missing', source: -1 }));
  return transfer.ledger.map(cells, transfer.scheduler.inFlight());
}

export function makeReport(view: DownloadView, digest: FileDigest, wholeVerified: string): DownloadReport {
  const { transfer, runners } = view;
  const sizeBytes = view.facts?.sizeBytes ?? 0;
  const fetchedBytes = runners.reduce((sum, runner) => sum + runner.writtenBytes, 0);
  const possible = runners.reduce((sum, runner) => sum + (runner.activeBytesPerSec * runner.aliveMs) / 1000, 0);
  return {
    name: view.facts?.name ?? '',
    outputPath: view.outputPath,
    sizeBytes,
    fetchedBytes,
    resumedBytes: view.resumedBytes,
    duplicateBytes: transfer?.ledger.duplicateBytes ?? 0,
    elapsedMs: view.nowMs,
    speedBytesPerSec: (fetchedBytes / Math.max(1, view.nowMs)) * 1000,
    efficiency: possible > 0 ? Math.min(1, fetchedBytes / possible) : 1,
    sha256: digest.sha256,
    sha256Origin: digest.origin,
    piecesVerified: transfer?.ledger.verifiedPieces ?? 0,
    pieceCount: transfer?.ledger.pieceCount ?? 0,
    wholeVerified,
    sources: runners.map((runner) => sourceReport(runner, fetchedBytes)),
  };
}

function sourceReport(runner: SourceRunner, fetchedBytes: number): SourceReport {
  return {
    id: runner.id,
    url: runner.source.url,
    label: runner.source.label,
    bytes: runner.writtenBytes,
    share: fetchedBytes > 0 ? runner.writtenBytes / fetchedBytes : 0,
    connectMs: runner.connectMs,
    firstByteMs: runner.firstByteMs,
    waitingMs: runner.waitingMs,
    meanSpeedBytesPerSec: runner.meanBytesPerSec,
    duplicateBytes: runner.duplicateBytes,
    faults: runner.faults,
    ranges: runner.info?.traits.ranges,
    note: runner.state === 'closed' ? '' : runner.note,
  };
}
