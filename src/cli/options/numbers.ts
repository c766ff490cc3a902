import { printable } from '../../base/printable.js';
import { usageError } from './usage-error.js';

/** `text` as a whole number of `min` to `max`; `flag` is what the sentence calls it. */
export function parseWhole(flag: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text.trim()) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw usageError(`${flag} takes a whole number from ${min} to ${max}, not "${printable(text, 40)}"`);
}

/** `text` as seconds ("2", "0.5", "2s") of `minSec` to `maxSec`, in milliseconds. */
export function parseSeconds(flag: string, text: string, minSec: number, maxSec: number): number {
  const match = /^(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})s?$/.exec(text.trim());
  const seconds = match?.[1] === undefined ? NaN : Number(match[1]);
  if (seconds >= minSec && seconds <= maxSec) return Math.round(seconds * 1000);
  throw usageError(`${flag} takes seconds from ${minSec} to ${maxSec}, not "${printable(text, 40)}"`);
}

const intervalSecMin = 0.1;
const intervalSecMax = 3600;

/** The time between two reports, in milliseconds. */
export function parseInterval(text: string): number {
  return parseSeconds('-i', text, intervalSecMin, intervalSecMax);
}
