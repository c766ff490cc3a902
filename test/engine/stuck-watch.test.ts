import { describe, expect, it } from 'vitest';
import { StuckWatch } from '../../src/engine/stuck-watch.js';

describe('a watch over a download that could go on', () => {
  it('is content while somebody is asked for bytes', () => {
    const watch = new StuckWatch();
    expect(watch.isStuck(0, true, 1)).toBe(false);
    expect(watch.isStuck(60_000, true, 1)).toBe(false);
  });

  it('speaks up once nobody was asked for two seconds, and then begins anew', () => {
    const watch = new StuckWatch();
    expect(watch.isStuck(1000, true, 0)).toBe(false);
    expect(watch.isStuck(2999, true, 0)).toBe(false);
    expect(watch.isStuck(3000, true, 0)).toBe(true);
    expect(watch.isStuck(3200, true, 0)).toBe(false);
    expect(watch.isStuck(5200, true, 0)).toBe(true);
  });

  it('forgets a pause in between, and what cannot go on anyway', () => {
    const watch = new StuckWatch();
    expect(watch.isStuck(0, true, 0)).toBe(false);
    expect(watch.isStuck(1500, true, 3)).toBe(false);
    expect(watch.isStuck(2500, true, 0)).toBe(false);
    expect(watch.isStuck(4000, false, 0)).toBe(false);
    expect(watch.isStuck(9000, true, 0)).toBe(false);
  });
});
