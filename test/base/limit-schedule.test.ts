import { describe, expect, test } from 'vitest';
import { parseLimitSchedule, scheduledLimit, weekMoment } from '../../src/base/limit-schedule.js';

const KiB = 1024;
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** The limit at a moment like "fri 17:59". */
function at(schedule: string, moment: string): number | undefined {
  const [day = '', time = ''] = moment.split(' ');
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return scheduledLimit(parseLimitSchedule(schedule), { day: days.indexOf(day), minute: hours * 60 + minutes });
}

describe('a schedule of limits', () => {
  const work = 'mon-fri 08:00-18:00 2M; sat,sun 500K; 23:00-06:00 0';

  test.each([
    ['mon 07:59', undefined],
    ['mon 08:00', 2 * KiB * KiB],
    ['fri 17:59', 2 * KiB * KiB],
    ['fri 18:00', undefined],
    // Of two rules that hold the first one counts.
    ['sat 23:30', 500 * KiB],
    ['wed 23:30', 0],
    ['sun 00:30', 500 * KiB],
    // What began on Sunday evening goes on in the night to Monday.
    ['mon 05:59', 0],
    ['mon 06:00', undefined],
  ])('has at %s the limit %s', (moment, limit) => {
    expect(at(work, moment)).toBe(limit);
  });

  test('counts a night by the day on which it begins', () => {
    const night = 'fri 22:00-06:00 1M';
    expect(at(night, 'fri 05:00')).toBeUndefined();
    expect(at(night, 'fri 22:00')).toBe(KiB * KiB);
    expect(at(night, 'sat 05:59')).toBe(KiB * KiB);
    expect(at(night, 'sat 22:00')).toBeUndefined();
  });

  test('takes days alone, times alone, a limit alone, and weeks that go round', () => {
    expect(at('sun 1M', 'sun 12:00')).toBe(KiB * KiB);
    expect(at('12:00-13:00 1M', 'tue 12:59')).toBe(KiB * KiB);
    expect(at('1M', 'thu 03:00')).toBe(KiB * KiB);
    expect(at('sat-mon 1M', 'sun 03:00')).toBe(KiB * KiB);
    expect(at('sat-mon 1M', 'tue 03:00')).toBeUndefined();
    expect(at('MON 00:00-24:00 1M', 'mon 23:59')).toBe(KiB * KiB);
    expect(at('', 'mon 12:00')).toBeUndefined();
  });

  test.each(['mon-fri', 'mon-fri 8-18 2M', '25:00-26:00 1M', '08:60-09:00 1M', 'noday 1M', 'mon tue 1M', 'mon 12'])(
    '"%s" is refused',
    (text) => {
      expect(() => parseLimitSchedule(text)).toThrow('a schedule has rules like "mon-fri 08:00-18:00 2M"');
    },
  );

  test('is read on the clock of this machine', () => {
    const date = new Date(2026, 10, 20, 17, 59);
    expect(weekMoment(date.getTime())).toEqual({ day: 5, minute: 17 * 60 + 59 });
  });
});
