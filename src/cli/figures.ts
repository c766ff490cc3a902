/** Numbers of downloads and fleets in words that several views share. */
import { formatBytes, formatDuration } from '../base/units.js';

/** `done` of `total` in total's unit: "3.10/5.42 MiB". */
export function formatPair(doneBytes: number, totalBytes: number): string {
  const total = formatBytes(Math.max(doneBytes, totalBytes));
  const [number = '0', unit = 'B'] = total.split(' ');
  const scale = 1024 ** ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'].indexOf(unit);
  const decimals = number.split('.')[1]?.length ?? 0;
  return `${(doneBytes / scale).toFixed(decimals)}/${total}`;
}

/** `share` (0 to 1) in percent: "42.1%". 100% is all of it, and nothing less. */
export function formatPercent(share: number): string {
  const percent = Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0)) * 100;
  if (percent >= 100) return '100%';
  return `${(Math.floor(percent * 10) / 10).toFixed(1)}%`;
}

/** A short time: "0.42ms", "12ms", then as a duration. */
export function formatShortMs(ms: number | undefined): string {
  if (ms === undefined) return '-';
  if (ms < 9.95) return `${ms.toFixed(1)}ms`;
  return ms < 999.5 ? `${Math.round(ms)}ms` : formatDuration(ms);
}

/** Share of the file that is there. A file of 0 bytes is whole. */
export function doneShare(doneBytes: number, sizeBytes: number | undefined): number {
  if (sizeBytes === undefined) return 0;
  return sizeBytes === 0 ? 1 : doneBytes / sizeBytes;
}

/** Beyond this an estimate says nothing. */
const etaMsMax = 100 * 86_400_000;

/** The time that is left: "4.0s", "-" where it cannot be told. */
export function formatEta(ms: number | undefined): string {
  return ms === undefined || !(ms >= 0 && ms <= etaMsMax) ? '-' : formatDuration(ms);
}

/** "1 server", "4 servers". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
