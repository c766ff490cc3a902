import type { ByteRange } from '../base/byte-range.js';
import { ManygetError } from '../base/errors.js';
import type { PieceIndex, SourceId } from '../base/ids.js';
import { fromEarlierRun } from '../core/provenance.js';
import type { JournalReplay } from '../store/journal.js';
import { isAllFrom, rangesAlike, rangesOf } from './earlier-versions.js';
import type { EventLog } from './event-log.js';
import { corruptPieceReason } from './source-errors.js';
import type { SourcePool } from './source-pool.js';
import type { SourceRunner } from './source-runner.js';
import type { Transfer } from './transfer.js';

const strikesMax = 3;

interface WrongBytesParts {
  readonly pool: SourcePool;
  readonly log: EventLog;
  readonly transfer: () => Transfer | undefined;
  readonly replay: () => JournalReplay | undefined;
  readonly byManifest: boolean;
  /** These bytes were taken out of the file. */
  readonly onForgotten: (start: number, end: number) => void;
  /** A source was left out. */
  readonly onLess: () => void;
}

/** What is done about bytes that have proved wrong, and about who gave them. Finds out nothing itself. */
export class WrongBytes {
  readonly #parts: WrongBytesParts;
  #isActing = false;

  constructor(parts: WrongBytesParts) {
    this.#parts = parts;
  }

  /** A source's last words are being heard and its bytes taken out: until that is through, nothing is whole. */
  get isActing(): boolean {
    return this.#isActing;
  }

  /** All that an earlier run left came from this source, as it is now. */
  hasLeftAll(runner: SourceRunner): boolean {
    return isAllFrom(this.#parts.replay(), runner.source.url, runner.info?.version);
  }

  /** A piece did not have its hash. A source that gave it alone has a strike; three, and it is out. */
  corrupt(piece: PieceIndex, sources: readonly SourceId[]): void {
    const { pool, log, byManifest } = this.#parts;
    const labels = sources.map((s) => pool.runners[s]?.source.label ?? 'an earlier run');
    log.add({
      type: 'piece-corrupt',
      piece,
      sources: [...sources],
      reason: corruptPieceReason(piece, labels, byManifest),
    });
    const [only] = sources;
    if (sources.length === 1 && only !== undefined && only !== fromEarlierRun) this.#strike(only, 'wrong pieces');
  }

  /** A source holds other bytes: it is left out, and what it gave unproved, in this run and before, is fetched from others. */
  quarantine(runner: SourceRunner, error: ManygetError): void {
    if (runner.isStopped) return;
    this.#isActing = true;
    try {
      this.#parts.pool.quarantine(runner, error);
      this.#refetchAllOf(runner);
    } finally {
      this.#isActing = false;
    }
    this.#parts.onLess();
  }

  /** What is in the file at `offset`, and what came with it, is not what the sources hold. */
  spoilt(deliverer: SourceId, offset: number, reason: string): void {
    const { pool, log } = this.#parts;
    log.add({ type: 'notice', reason });
    const runner = pool.runners[deliverer];
    if (runner === undefined) {
      const replay = this.#parts.replay();
      if (replay !== undefined) this.#refetchEarlier(rangesAlike(replay, offset, (piece) => this.#pieceRange(piece)));
      return;
    }
    this.#refetchAllOf(runner);
    this.#strike(deliverer, 'times other bytes than it holds');
  }

  #strike(source: SourceId, what: string): void {
    const runner = this.#parts.pool.runners[source];
    if (runner === undefined) return;
    runner.strikes += 1;
    runner.faults += 1;
    if (runner.strikes < strikesMax) return;
    this.quarantine(
      runner,
      new ManygetError('content-differs', `${runner.source.label} sent ${runner.strikes} ${what}`),
    );
  }

  #refetchAllOf(runner: SourceRunner): void {
    const transfer = this.#parts.transfer();
    const delivered = transfer?.ledger.deliveredBy(runner.id) ?? [];
    transfer?.distrust(runner.id);
    for (const run of delivered) this.#parts.onForgotten(run.start, run.end);
    const replay = this.#parts.replay();
    if (replay === undefined) return;
    this.#refetchEarlier(rangesOf(replay, runner.source.url, (piece) => this.#pieceRange(piece)));
  }

  #refetchEarlier(ranges: readonly ByteRange[]): void {
    const transfer = this.#parts.transfer();
    if (transfer === undefined) return;
    for (const { start, end } of ranges) {
      for (const run of transfer.ledger.runs(start, end)) {
        if (run.source === fromEarlierRun) this.#refetch(run.start, run.end);
      }
    }
  }

  #refetch(start: number, end: number): void {
    this.#parts.transfer()?.refetch(start, end, undefined);
    this.#parts.onForgotten(start, end);
  }

  #pieceRange(piece: number): ByteRange {
    return this.#parts.transfer()?.ledger.pieceRange(piece as PieceIndex) ?? { start: 0, end: 0 };
  }
}
