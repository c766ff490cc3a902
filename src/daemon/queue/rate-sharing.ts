import { parseLimitSchedule, scheduledLimit, type WeekMoment } from '../../base/limit-schedule.js';
import { limitBytesPerSecMin } from '../../base/lowest-limit.js';
import type { OptionTexts } from './option-table.js';

/** What a download may grow by until the next time that shares are made. */
const growth = 1.5;

/** One running download: its speed, and the limit of its own (undefined: none). */
interface Sharer {
  readonly speedBytesPerSec: number;
  readonly limitBytesPerSec: number | undefined;
}

/**
 * How much each of `sharers` may bring, so that all together keep to `totalBytesPerSec` (undefined: no limit): equal
 * parts, where what one cannot use goes to the others. Made anew every second.
 */
export function shareRate(sharers: readonly Sharer[], totalBytesPerSec: number | undefined): (number | undefined)[] {
  if (totalBytesPerSec === undefined) return sharers.map((sharer) => sharer.limitBytesPerSec);
  const shares = sharers.map(() => 0);
  const wants = sharers.map((sharer) => {
    const use = Math.max(sharer.speedBytesPerSec * growth, totalBytesPerSec / sharers.length / growth);
    return Math.min(use, sharer.limitBytesPerSec ?? Infinity);
  });
  let left = totalBytesPerSec;
  // Those that want least first: each gets what it wants, or an equal part of what is left.
  const order = wants.map((_, index) => index).sort((a, b) => (wants[a] ?? 0) - (wants[b] ?? 0));
  order.forEach((index, done) => {
    const share = Math.min(wants[index] ?? 0, left / (order.length - done));
    shares[index] = share;
    left -= share;
  });
  // What nobody wants now is room to grow for all.
  const spare = left / Math.max(1, sharers.length);
  return shares.map((share, index) =>
    Math.max(limitBytesPerSecMin, Math.floor(Math.min(share + spare, sharers[index]?.limitBytesPerSec ?? Infinity))),
  );
}

/** The limit that an option of aria2 means: "0" is none. */
export function limitOf(text: string | undefined): number | undefined {
  const bytesPerSec = Number(text ?? 0);
  return bytesPerSec > 0 ? Math.max(limitBytesPerSecMin, bytesPerSec) : undefined;
}

/** What the limit `name` of `options` is at `moment`: that of its schedule where a rule of it holds, else the plain one. */
export function limitAt(
  options: OptionTexts,
  name: 'max-download-limit' | 'max-overall-download-limit',
  moment: WeekMoment,
): number | undefined {
  const schedule = options[`${name}-schedule`] ?? '';
  const scheduled = schedule === '' ? undefined : scheduledLimit(parseLimitSchedule(schedule), moment);
  return limitOf(scheduled === undefined ? options[name] : String(scheduled));
}
