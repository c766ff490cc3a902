import { ManygetError } from './errors.js';
import { limitBytesPerSecMin } from './lowest-limit.js';
import { printable } from './printable.js';
import { parseBytes } from './units.js';

/**
 * Limits that hold at some times of the week: "mon-fri 08:00-18:00 2M; sat,sun 500K; 23:00-06:00 0". Rules are separated
 * by ";" or line breaks; the first that holds counts, and where none does, whatever counts without a schedule. Days are
 * English (mon to sun), left out for every day; times are of the local clock, left out for the whole day. A time that
 * ends before it begins goes on into the next day. The limit is in bytes a second; 0 is no limit.
 */
interface LimitRule {
  /** Sunday is 0, as `Date.getDay()` has it. */
  readonly days: ReadonlySet<number>;
  /** Minutes since midnight; `toMinute` is the first that is not in it, and may be over midnight. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** 0: no limit. */
  readonly bytesPerSec: number;
}

/** A moment within a week, by the local clock. */
export interface WeekMoment {
  readonly day: number;
  readonly minute: number;
}

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const minutesOfDay = 24 * 60;
const rulesMax = 50;
const everyDay: ReadonlySet<number> = new Set(dayNames.keys());

/** @throws ManygetError `usage`: which rule makes no sense. Nothing at all is no rule. */
export function parseLimitSchedule(text: string): LimitRule[] {
  const rules = text
    .split(/[;\n]/)
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '');
  if (rules.length > rulesMax) throw new ManygetError('usage', `a schedule has ${rulesMax} rules at most`);
  return rules.map(parseRule);
}

/** The limit that `rules` have at `moment`: undefined where none of them holds; 0 is no limit. */
export function scheduledLimit(rules: readonly LimitRule[], moment: WeekMoment): number | undefined {
  return rules.find((rule) => holds(rule, moment))?.bytesPerSec;
}

/** The moment of `atMs` on the clock of this machine. */
export function weekMoment(atMs: number): WeekMoment {
  const date = new Date(atMs);
  return { day: date.getDay(), minute: date.getHours() * 60 + date.getMinutes() };
}

function holds({ days, fromMinute, toMinute }: LimitRule, { day, minute }: WeekMoment): boolean {
  if (days.has(day) && minute >= fromMinute && minute < toMinute) return true;
  // What began yesterday may go on today.
  const yesterday = (day + 6) % 7;
  return days.has(yesterday) && minute + minutesOfDay < toMinute;
}

function parseRule(rule: string): LimitRule {
  const words = rule.split(/\s+/);
  const limit = words.pop() ?? '';
  const bytesPerSec = parseBytes(limit);
  if (bytesPerSec === undefined || (bytesPerSec > 0 && bytesPerSec < limitBytesPerSecMin)) throw badRule(rule);
  const [first = '', second] = words;
  if (words.length > 2) throw badRule(rule);
  const days = parseDays(first);
  const times = parseTimes(days === undefined ? first : (second ?? ''));
  if (times === undefined || (days === undefined && second !== undefined)) throw badRule(rule);
  return { days: days ?? everyDay, ...times, bytesPerSec };
}

/** "mon-fri", "sat,sun"; undefined where `text` names no days. */
function parseDays(text: string): Set<number> | undefined {
  const days = new Set<number>();
  for (const part of text.toLowerCase().split(',')) {
    const [from = '', to = from, more] = part.split('-');
    const [first, last] = [dayNames.indexOf(from), dayNames.indexOf(to)];
    if (first < 0 || last < 0 || more !== undefined) return undefined;
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return days;
}

/** "08:00-18:00"; nothing is the whole day; undefined where `text` names no times. */
function parseTimes(text: string): { fromMinute: number; toMinute: number } | undefined {
  if (text === '') return { fromMinute: 0, toMinute: minutesOfDay };
  const [from = '', to = '', more] = text.split('-');
  const [fromMinute, toMinute] = [parseTime(from), parseTime(to)];
  if (fromMinute === undefined || toMinute === undefined || more !== undefined || fromMinute === minutesOfDay) {
    return undefined;
  }
  return { fromMinute, toMinute: toMinute > fromMinute ? toMinute : toMinute + minutesOfDay };
}

function parseTime(text: string): number | undefined {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  if (hours === undefined || Number(minutes) > 59) return undefined;
  const minute = Number(hours) * 60 + Number(minutes);
  return minute <= minutesOfDay ? minute : undefined;
}

function badRule(rule: string): ManygetError {
  const shown = printable(rule, 60);
  return new ManygetError(
    'usage',
    `a schedule has rules like "mon-fri 08:00-18:00 2M", separated by ";", not "${shown}"`,
  );
}
