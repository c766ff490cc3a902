const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * An HTTP date in any of its three forms (RFC 9110 5.6.7), as milliseconds since 1970; undefined for anything else.
 * `nowMs` places the two-digit years of RFC 850 dates: at most 50 years ahead.
 */
export function parseHttpDate(text: string, nowMs = 0): number | undefined {
  const imf = /^[A-Za-z]{3}, (\d{2}) ([A-Za-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/.exec(text.trim());
  if (imf !== null) return makeDate(Number(imf[3]), imf[2], imf[1], imf.slice(4, 7));
  const rfc850 = /^[A-Za-z]{6,9}, (\d{2})-([A-Za-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/.exec(text.trim());
  if (rfc850 !== null) return makeDate(fullYear(Number(rfc850[3]), nowMs), rfc850[2], rfc850[1], rfc850.slice(4, 7));
  const asctime = /^[A-Za-z]{3} ([A-Za-z]{3}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/.exec(text.trim());
  if (asctime !== null) return makeDate(Number(asctime[6]), asctime[1], asctime[2], asctime.slice(3, 6));
  return undefined;
}

function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}

function makeDate(
  year: number,
  monthName: string | undefined,
  day: string | undefined,
  clock: string[],
): number | undefined {
  const month = months.indexOf(monthName?.toLowerCase() ?? '');
  const [hours = 0, minutes = 0, seconds = 0] = clock.map(Number);
  if (month < 0 || Number(day) < 1 || Number(day) > 31 || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  return Date.UTC(year, month, Number(day), hours, minutes, seconds);
}

/**
 * How long a Retry-After header (RFC 9110 10.2.3) asks to wait, from `nowMs` on: seconds, or until a date. Undefined
 * where there is none or it means nothing.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const at = parseHttpDate(value, nowMs);
  return at === undefined ? undefined : Math.max(0, at - nowMs);
}
