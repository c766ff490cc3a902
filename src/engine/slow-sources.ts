import type { SourceId } from '../base/ids.js';
import { formatSpeed } from '../base/units.js';
import { SlowWatch } from '../core/slow-watch.js';
import type { SourcePool } from './source-pool.js';
import type { SourceRunner } from './source-runner.js';
import type { Transfer } from './transfer.js';

/**
 * Stops using sources that stay under the speed that the user calls the lowest, while another one is faster than that;
 * and uses them again when nobody else is left.
 */
export class SlowSources {
  readonly #watch: SlowWatch;
  readonly #pool: SourcePool;
  readonly #dropped = new Set<SourceRunner>();

  constructor(lowestBytesPerSec: number, pool: SourcePool) {
    this.#watch = new SlowWatch(lowestBytesPerSec);
    this.#pool = pool;
  }

  /** Time passes. @param transfer Undefined while nothing is asked of anybody. */
  tick(nowMs: number, transfer: Transfer | undefined): void {
    if (!this.#pool.hasContact) this.#takeBack();
    const owing = new Set<SourceId>(transfer?.scheduler.inFlight().map((order) => order.source));
    for (const runner of this.#pool.runners) {
      // A limit, or a full disk, makes sources slow that are not.
      const isHeld = this.#pool.pace.takeHeld(runner.id) || [...runner.links].some((link) => link.isWaitingForRoom);
      if (isHeld || !runner.answers || runner.isResting || !owing.has(runner.id)) {
        this.#watch.excuse(runner.id);
        continue;
      }
      const bytesPerSec = this.#watch.owes(runner.id, runner.arrivedBytes, nowMs);
      if (bytesPerSec === undefined || !this.#hasFaster(runner)) continue;
      this.#watch.excuse(runner.id);
      this.#dropped.add(runner);
      const lowest = formatSpeed(this.#watch.bytesPerSecMin);
      this.#pool.rest(
        runner,
        `it brought ${formatSpeed(bytesPerSec)} for 10 s, the lowest that is wanted is ${lowest}`,
      );
    }
  }

  #hasFaster(than: SourceRunner): boolean {
    const enough = this.#watch.bytesPerSecMin;
    return this.#pool.runners.some((r) => r !== than && r.answers && !r.isResting && r.speedBytesPerSec >= enough);
  }

  #takeBack(): void {
    for (const runner of this.#dropped) this.#pool.use(runner, 'nobody else is left');
    this.#dropped.clear();
  }
}
