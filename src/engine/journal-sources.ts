import type { SourceId } from '../base/ids.js';
import type { Journal } from '../store/journal.js';
import { journalName } from './earlier-versions.js';
import type { SourceRunner } from './source-runner.js';

/** Under which index the journal knows each source, from when the first of its bytes is written down. */
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
}
