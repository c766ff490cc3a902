import { describe, expect, it } from 'vitest';
import { FairLine, type Place } from '../../src/server/fair-line.js';

const mib = 1024 * 1024;
const nobody = { gateOpened: () => undefined };

/** Connections that always want more, frames of one size each; counts what each party got. */
class Crowd {
  readonly line = new FairLine();
  readonly #parties = new Map<Place, string>();
  got: Record<string, number> = {};
  nowMs = 1000;

  join(party: string, connections: number, frameBytes: number): Place[] {
    return Array.from({ length: connections }, () => {
      const place = this.line.enter(party);
      this.#parties.set(place, party);
      this.line.wait(place, { bytes: frameBytes, waiter: nobody });
      return place;
    });
  }

  leave(place: Place): void {
    this.line.exit(place);
  }

  /** Serves so many bytes in all, at 1 MiB a millisecond. */
  serve(bytes: number): void {
    this.got = {};
    for (let served = 0; served < bytes;) {
      const place = this.line.first();
      const wish = place?.waits?.wish;
      if (place === undefined || wish === undefined) throw new Error('nobody waits');
      const party = this.#parties.get(place) ?? '';
      this.nowMs += wish.bytes / mib;
      this.line.serve(place, wish.bytes, this.nowMs);
      this.got[party] = (this.got[party] ?? 0) + wish.bytes;
      served += wish.bytes;
      this.line.wait(place, wish);
    }
  }

  share(party: string): number {
    const all = Object.values(this.got).reduce((sum, bytes) => sum + bytes, 0);
    return (this.got[party] ?? 0) / all;
  }
}

describe('FairLine', () => {
  it('gives each party the same, whatever the number of its connections and the size of its frames', () => {
    const crowd = new Crowd();
    crowd.join('many', 100, 512 * 1024);
    crowd.join('one', 1, 10_000);
    crowd.join('two', 2, 100_000);
    crowd.serve(20 * mib);
    for (const party of ['many', 'one', 'two']) expect(crowd.share(party)).toBeCloseTo(1 / 3, 1);
  });

  it('gives the connections of one party the same, whatever the size of their frames', () => {
    const crowd = new Crowd();
    const large = crowd.join('party', 1, 400_000);
    const small = crowd.join('party', 1, 20_000);
    crowd.serve(7 * mib);
    expect((large[0]?.sentBytes ?? 0) / (small[0]?.sentBytes ?? 1)).toBeCloseTo(1, 0);
  });

  it('lets nobody who was away make up for it', () => {
    const crowd = new Crowd();
    crowd.join('steady', 1, 10_000);
    crowd.serve(4 * mib);
    crowd.join('new', 1, 10_000);
    crowd.serve(2 * mib);
    expect(crowd.share('steady')).toBeCloseTo(0.5, 1);
  });

  it('puts who has shown to read before who has only filled what kernels hold', () => {
    const crowd = new Crowd();
    crowd.join('reader', 1, 500_000);
    crowd.serve(32 * mib);
    for (let i = 0; i < 4; i += 1) crowd.join(`deaf ${i}`, 100, 10_000);
    crowd.serve(200 * mib);
    expect(crowd.share('reader')).toBeGreaterThan(0.6);
    // What nobody else takes is theirs all the same.
    expect(crowd.share('deaf 0')).toBeGreaterThan(0.05);
  });

  it('believes a reader on its next connection, too, and no party that never read more than it left', () => {
    const crowd = new Crowd();
    const [first] = crowd.join('reader', 1, 500_000);
    crowd.serve(64 * mib);
    if (first !== undefined) crowd.leave(first);
    crowd.join('reader', 1, 500_000);
    for (let i = 0; i < 4; i += 1) crowd.join(`deaf ${i}`, 100, 10_000);
    crowd.serve(4 * mib);
    expect(crowd.share('reader')).toBeGreaterThan(0.6);
  });

  it('believes a reader after a flood of addresses that came and went', () => {
    const crowd = new Crowd();
    const [first] = crowd.join('reader', 1, 500_000);
    crowd.serve(64 * mib);
    if (first !== undefined) crowd.leave(first);
    for (let i = 0; i < 5000; i += 1) for (const place of crowd.join(`flood ${i}`, 1, 10_000)) crowd.leave(place);
    crowd.join('reader', 1, 500_000);
    for (let i = 0; i < 4; i += 1) crowd.join(`deaf ${i}`, 100, 10_000);
    crowd.serve(4 * mib);
    expect(crowd.share('reader')).toBeGreaterThan(0.6);
  });

  it('forgets in time what a party has read', () => {
    const crowd = new Crowd();
    const [first] = crowd.join('reader', 1, 500_000);
    crowd.serve(64 * mib);
    if (first !== undefined) crowd.leave(first);
    crowd.nowMs += 600_000;
    crowd.join('reader', 1, 500_000);
    for (let i = 0; i < 4; i += 1) crowd.join(`other ${i}`, 1, 10_000);
    crowd.serve(4 * mib);
    crowd.serve(4 * mib);
    expect(crowd.share('reader')).toBeLessThan(0.35);
  });

  it('serves those without proof when nobody else waits', () => {
    const crowd = new Crowd();
    crowd.join('new', 3, 10_000);
    crowd.serve(mib);
    expect(crowd.share('new')).toBe(1);
  });
});
