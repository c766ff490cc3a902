import type { SourceId } from '../base/ids.js';
import type { Order } from '../core/order-book.js';
import type { Journal } from '../store/journal.js';
import { journalName } from './earlier-versions.js';
import type { SourceRunner } from './source-runner.js';

/** What the journal says of sources: under which index each is known, what it is to deliver, and how fast it is. */
export class JournalSources {
  readonly #journal: Journal;
  readonly #runner: (source: SourceId) => SourceRunner | undefined;
  readonly #indexes = new Map<SourceId, number>();

  constructor(journal: Journal, runner: (source: SourceId) => SourceRunner | undefined) {
    this.#journal = journal;
    this.#runner = runner;
  }

  indexOf(source: SourceId): number {
    let index = this.#indexes.get(source);
    if (index === undefined) {
      const runner = this.#runner(source);
      const name = runner === undefined ? 'unknown:' : journalName(runner.source.url, runner.info?.version);
      index = this.#journal.sourceIndex(name);
      this.#indexes.set(source, index);
    }
    return index;
  }

  /** Who is to deliver what, and how fast everybody is by now. */
  note(orders: readonly Order[], runners: Iterable<SourceRunner>): void {
    for (const { connection, source, start, end } of orders) {
      this.#journal.append({ type: 'segment', connection, source: this.indexOf(source), start, end });
    }
    for (const runner of runners) {
      if (runner.speedBytesPerSec <= 0) continue;
      const bytesPerSec = Math.round(runner.speedBytesPerSec);
      const firstByteMs = Math.round(runner.firstByteMs ?? 0);
      this.#journal.append({ type: 'speed', source: this.indexOf(runner.id), bytesPerSec, firstByteMs });
    }
  }
}
