import { limitBytesPerSecMin } from '../../base/lowest-limit.js';
import { printable } from '../../base/printable.js';
import { parseBytes } from '../../base/units.js';
import { usageError } from './usage-error.js';

/** One speed: "500K", "2M", "2M/s", in bytes a second. */
export function parseRate(flag: string, text: string, bytesPerSecMin = limitBytesPerSecMin): number {
  const bytesPerSec = parseBytes(text.trim().replace(/\/s$/i, ''));
  if (bytesPerSec !== undefined && bytesPerSec >= bytesPerSecMin) return bytesPerSec;
  const least = bytesPerSecMin === limitBytesPerSecMin ? '1K' : String(bytesPerSecMin);
  throw usageError(`${flag} takes bytes a second as 500K or 2M, at least ${least}, not "${printable(text, 40)}"`);
}

/** As `parseRate`; 0 is no limit. */
export function parseRateOrNone(flag: string, text: string): number {
  return text.trim() === '0' ? 0 : parseRate(flag, text);
}

/** Limits named by `text`: "2M" for every server, "2M,5M" one by one. `serverCount` undefined: not known yet. */
export function parseRateLimits(text: string, serverCount?: number): number[] {
  const limits = text.split(',').map((item) => {
    const bytesPerSec = parseBytes(item.trim().replace(/\/s$/i, ''));
    if (bytesPerSec !== undefined && bytesPerSec >= limitBytesPerSecMin) return bytesPerSec;
    throw usageError(
      `--limit-rate takes bytes a second as 500K, 2M or 2M,5M, at least 1K each, not "${printable(text, 40)}"`,
    );
  });
  if (serverCount !== undefined) checkRateLimits(limits, serverCount);
  return limits;
}

/** One limit fits all servers; otherwise each has its own. */
export function checkRateLimits(limits: readonly number[], serverCount: number): void {
  if (limits.length === 1 || limits.length === serverCount) return;
  throw usageError(
    `--limit-rate names ${limits.length} limits for ${serverCount} servers: name one for all, or one for each`,
  );
}
