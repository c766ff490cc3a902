import { weekMoment } from '../../base/limit-schedule.js';
import type { OptionTexts } from './option-table.js';
import type { QueueEntry } from './queue-entry.js';
import { limitAt, shareRate } from './rate-sharing.js';

/** Tells each running download what it may bring from now on: its own limit, and its part of the limit of all. */
export function applyLimits(
  active: readonly QueueEntry[],
  shared: OptionTexts,
  optionsOf: (entry: QueueEntry) => OptionTexts,
  nowMs: number,
): void {
  const moment = weekMoment(nowMs);
  const sharers = active.map((entry) => ({
    speedBytesPerSec: entry.handle?.snapshot()?.speedBytesPerSec ?? 0,
    limitBytesPerSec: limitAt(optionsOf(entry), 'max-download-limit', moment),
  }));
  const shares = shareRate(sharers, limitAt(shared, 'max-overall-download-limit', moment));
  active.forEach((entry, n) => {
    if (entry.limitBytesPerSec === shares[n]) return;
    entry.limitBytesPerSec = shares[n];
    void entry.handle?.setLimitRate(shares[n]);
  });
}
