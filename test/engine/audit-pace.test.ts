import { describe, expect, it } from 'vitest';
import type { SourceId } from '../../src/base/ids.js';
import { Ledger } from '../../src/core/ledger.js';
import { AuditPace } from '../../src/engine/audit-pace.js';

const mib = 1024 * 1024;
const tickMs = 50;

/** A download of 100 MiB that brings the same in every tick. */
class Paced {
  readonly ledger = new Ledger(100 * mib, mib);
  readonly pace = new AuditPace(this.ledger);
  nowMs = 0;

  run(ticks: number, bytesPerTick: number, busy: number): void {
    for (let i = 0; i < ticks; i += 1) {
      const at = this.ledger.receivedBytes;
      if (bytesPerTick > 0) this.ledger.receive(at, Math.min(100 * mib, at + bytesPerTick), 0 as SourceId);
      this.nowMs += tickMs;
      this.pace.tick(this.nowMs, busy);
    }
  }
}

describe('the time that comparing has', () => {
  it('is nearly over when what is missing comes in half a second', () => {
    const paced = new Paced();
    paced.run(88, mib, 0.2);
    expect(paced.pace.isEnding).toBe(false);
    paced.run(4, mib, 0.2);
    expect(paced.pace.isEnding).toBe(true);
  });

  it('is not nearly over while nothing comes, however little is missing', () => {
    const paced = new Paced();
    paced.run(99, mib, 0.2);
    paced.run(100, 0, 0.2);
    expect(paced.pace.isEnding).toBe(false);
  });

  it('goes to what proves the file while the processor is busy, and to all of it at the end', () => {
    const paced = new Paced();
    paced.run(40, mib, 0.9);
    expect(paced.pace.hasTimeForExtras).toBe(false);
    paced.run(60, mib, 0.9);
    expect(paced.pace.hasTimeForExtras).toBe(true);
  });

  it('is a tenth of a second once all bytes are here, or a two-hundredth of the time', () => {
    const paced = new Paced();
    paced.run(100, mib, 0.2);
    expect(paced.pace.isOver(5000, 0)).toBe(false);
    expect(paced.pace.isOver(5090, 5085)).toBe(false);
    expect(paced.pace.isOver(5100, 5095)).toBe(true);
    const long = new Paced();
    long.run(1000, mib / 10, 0.2);
    expect(long.pace.isOver(50_000, 0)).toBe(false);
    expect(long.pace.isOver(50_200, 50_190)).toBe(false);
    expect(long.pace.isOver(50_250, 50_240)).toBe(true);
  });

  it('is longer after a short download, in which there was hardly time to ask', () => {
    const paced = new Paced();
    paced.run(20, 5 * mib, 0.2);
    expect(paced.pace.isOver(1000, 0)).toBe(false);
    expect(paced.pace.isOver(1390, 1380)).toBe(false);
    expect(paced.pace.isOver(1400, 1390)).toBe(true);
  });

  it('is as long as questions were put off, up to a second, while answers come', () => {
    const paced = new Paced();
    paced.run(90, mib, 0.2);
    paced.run(10, mib, 0.9);
    expect(paced.pace.isOver(5000, 0)).toBe(false);
    expect(paced.pace.isOver(5400, 5390)).toBe(false);
    expect(paced.pace.isOver(5500, 5490)).toBe(true);
    const busy = new Paced();
    busy.run(100, mib, 0.9);
    expect(busy.pace.isOver(5000, 0)).toBe(false);
    expect(busy.pace.isOver(5900, 5750)).toBe(false);
    expect(busy.pace.isOver(5960, 5750)).toBe(true);
  });

  it('begins anew when bytes are missing again', () => {
    const paced = new Paced();
    paced.run(100, mib, 0.2);
    expect(paced.pace.isOver(5000, 0)).toBe(false);
    paced.pace.goOn();
    expect(paced.pace.isOver(9000, 0)).toBe(false);
    expect(paced.pace.isOver(9100, 9095)).toBe(true);
  });
});
