/** Numbers as the reader's own language writes them. */
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

/** ["12.3", "MiB"]: a view may set the two apart. */
export function bytesParts(bytes: number): [number: string, unit: string] {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return [unit === 0 || value >= 99.95 ? whole.format(value) : tenths.format(value), units[unit] ?? ''];
}

export function bytes(count: number): string {
  return bytesParts(count).join(' ');
}

export function speed(bytesPerSec: number): string {
  return `${bytes(bytesPerSec)}/s`;
}

/** "2M" for 2097152, "" for none: as people write a limit. */
export function written(bytesPerSec: number): string {
  if (!(bytesPerSec > 0)) return '';
  if (bytesPerSec % 1024 ** 2 === 0) return `${bytesPerSec / 1024 ** 2}M`;
  return bytesPerSec % 1024 === 0 ? `${bytesPerSec / 1024}K` : String(bytesPerSec);
}

export function count(value: number): string {
  return whole.format(value);
}

export function percent(share: number): string {
  const shown = share >= 1 ? 100 : Math.min(99.9, share * 100);
  return `${shown >= 99.95 || shown < 0.05 ? whole.format(shown) : tenths.format(shown)} %`;
}

export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  const two = (n: number): string => String(n).padStart(2, '0');
  if (minutes < 60) return `${minutes}:${two(seconds % 60)} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}:${two(minutes % 60)} h` : `${whole.format(hours / 24)} days`;
}

/** Of what is over: "0.8 s" says more than "1 s". */
export function taken(ms: number): string {
  return ms < 10_000 ? `${tenths.format(ms / 1000)} s` : duration(ms);
}

export function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return '–';
  return `${ms < 10 ? tenths.format(ms) : whole.format(ms)} ms`;
}

export function timeOfDay(clockMs: number): string {
  return clock.format(clockMs);
}
