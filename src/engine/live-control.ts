import type { DownloadOptions } from '../base/download-handle.js';
import { ManygetError } from '../base/errors.js';
import { limitBytesPerSecMin } from '../base/lowest-limit.js';
import { ruleMatches, type SourceRule } from '../base/source-rule.js';
import { formatSpeed } from '../base/units.js';
import type { Source } from '../sources/source.js';
import type { EventLog } from './event-log.js';
import { SlowSources } from './slow-sources.js';
import type { SourcePool } from './source-pool.js';
import type { SourceRunner } from './source-runner.js';
import type { Transfer } from './transfer.js';

interface LiveControlParts {
  readonly options: DownloadOptions;
  readonly makeSource: (url: string) => Source;
  readonly pool: SourcePool;
  readonly log: EventLog;
  readonly nowMs: () => number;
  /** Undefined until a source has said what the file is. */
  readonly transfer: () => Transfer | undefined;
  /** A source was taken away: perhaps none is left. */
  readonly onFewer: () => void;
}

/**
 * What the user may change while a download runs: its sources, how fast each and all may be, and in which order they
 * are used. Owns the rules that the options state; leaves the doing to the pool and its pace.
 */
export class LiveControl {
  readonly #parts: LiveControlParts;
  readonly #slow: SlowSources | undefined;

  /** @throws ManygetError `usage`: a limit that makes no sense. */
  constructor(parts: LiveControlParts) {
    this.#parts = parts;
    const { limitBytesPerSec, lowestBytesPerSec, sourceRules = [] } = parts.options;
    if (limitBytesPerSec !== undefined) parts.pool.pace.setTotal(checkedLimit(limitBytesPerSec));
    for (const rule of sourceRules) checkedLimit(rule.limitBytesPerSec);
    if (lowestBytesPerSec !== undefined) this.#slow = new SlowSources(lowestBytesPerSec, parts.pool);
  }

  /** The sources that the options name. Rules that are about none of them are told. */
  begin(sources: readonly Source[]): void {
    for (const source of sources) this.#add(source);
    for (const rule of this.#rules) {
      if (sources.some((source) => ruleMatches(rule, source.url))) continue;
      this.#parts.log.add({
        type: 'notice',
        reason: `no source is at "${rule.match}": what was said of it has no effect`,
      });
    }
  }

  /** Returns the source's id. One that is in use already is used as it is. */
  addSource(url: string, own: Omit<SourceRule, 'match'>): number {
    checkedLimit(own.limitBytesPerSec);
    const { pool, makeSource } = this.#parts;
    const there = pool.runners.find((runner) => !runner.isStopped && runner.source.url === url);
    if (there === undefined) return this.#add(makeSource(url), own).id;
    pool.use(there, 'added again by the user');
    return there.id;
  }

  /** One that was found on the way: the user's rules hold for it, too. */
  join(source: Source): void {
    this.#add(source);
  }

  removeSource(id: number): void {
    this.#parts.pool.remove(id);
    this.#parts.onFewer();
  }

  disableSource(id: number): void {
    this.#parts.pool.rest(this.#runner(id), 'the user wants it not to be used');
  }

  enableSource(id: number): void {
    this.#parts.pool.use(this.#runner(id), 'the user wants it to be used again');
  }

  setLimitRate(bytesPerSec: number | undefined): void {
    const { pool, log } = this.#parts;
    pool.pace.setTotal(checkedLimit(bytesPerSec));
    log.add({ type: 'setting', source: undefined, reason: `all sources together: ${limitText(bytesPerSec)}` });
  }

  setSourceLimit(id: number, bytesPerSec: number | undefined): void {
    const { pool, log } = this.#parts;
    const runner = this.#runner(id);
    pool.pace.setSource(runner.id, checkedLimit(bytesPerSec));
    log.add({ type: 'setting', source: runner.id, reason: `${runner.source.label}: ${limitText(bytesPerSec)}` });
  }

  setSourceTier(id: number, tier: number): void {
    const runner = this.#runner(id);
    runner.tier = tier;
    this.#parts.transfer()?.dispatch({ type: 'source-preference', source: runner.id, tier });
    this.#parts.log.add({ type: 'setting', source: runner.id, reason: `${runner.source.label}: tier ${tier}` });
  }

  /** Time passes. */
  tick(isPaused: boolean): void {
    const { pool, nowMs, transfer } = this.#parts;
    pool.pace.tick();
    for (const runner of pool.runners) runner.giveWay();
    this.#slow?.tick(nowMs(), isPaused ? undefined : transfer());
  }

  #add(source: Source, own?: Omit<SourceRule, 'match'>): SourceRunner {
    return this.#parts.pool.add(source, (runner) => {
      for (const rule of this.#rules) if (ruleMatches(rule, source.url)) this.#obey(runner, rule);
      if (own !== undefined) this.#obey(runner, own);
    });
  }

  #obey(runner: SourceRunner, rule: Omit<SourceRule, 'match'>): void {
    if (rule.limitBytesPerSec !== undefined) this.#parts.pool.pace.setSource(runner.id, rule.limitBytesPerSec);
    if (rule.tier !== undefined) runner.tier = rule.tier;
  }

  get #rules(): readonly SourceRule[] {
    return this.#parts.options.sourceRules ?? [];
  }

  #runner(id: number): SourceRunner {
    const runner = this.#parts.pool.runners[id];
    if (runner !== undefined) return runner;
    throw new ManygetError('usage', `there is no source ${id}, expected 0 to ${this.#parts.pool.runners.length - 1}`);
  }
}

function checkedLimit(bytesPerSec: number | undefined): number | undefined {
  if (bytesPerSec === undefined || bytesPerSec >= limitBytesPerSecMin) return bytesPerSec;
  throw new ManygetError('usage', `a limit of ${bytesPerSec} bytes a second, expected at least ${limitBytesPerSecMin}`);
}

function limitText(bytesPerSec: number | undefined): string {
  return bytesPerSec === undefined ? 'no limit any more' : `at most ${formatSpeed(bytesPerSec)}`;
}
