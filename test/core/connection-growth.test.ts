import { describe, expect, test } from 'vitest';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import { ConnectionGrowth } from '../../src/core/connection-growth.js';
import type { GrowthDecision, GrowthView } from '../../src/core/growth-view.js';
import { Lane } from '../../src/core/lane.js';
import { OrderBook } from '../../src/core/order-book.js';
import { TrialGate } from '../../src/core/trial-gate.js';

const mb = 1_000_000;
const rttMs = 40;
const tickMs = 50;

/** One source beside others, whose connections bring what a test says, tick by tick. */
class Growing {
  readonly gate = new TrialGate();
  readonly growth = new ConnectionGrowth(1 as SourceId);
  nowMs = 0;
  windowMs = Infinity;
  #totalBytes = 0;
  #lanes = 0;

  constructor() {
    this.growth.expected(0);
    this.connect(rttMs);
  }

  connect(connectMs: number): void {
    const lane = new Lane(this.#lanes++ as ConnectionId, 1 as SourceId, connectMs, this.nowMs);
    lane.firstByteAtMs = this.nowMs;
    const book = new OrderBook([]);
    book.board.add(lane, this.nowMs);
    book.request(lane, 0, 100 * mb, undefined, 'test');
    if (this.growth.added(lane, connectMs, this.nowMs)) this.gate.sawRoom(this.nowMs);
  }

  /** A probe on each connection is answered after so long. */
  probe(answerMs: number): void {
    for (const lane of this.growth.lanes) expect(lane.takeProbe(this.nowMs + 1000, 1000)).toBe(true);
    for (const lane of this.growth.lanes) lane.answered(this.nowMs + 1000 + answerMs);
    this.nowMs += 1000 + answerMs;
  }

  /** What was decided comes to nothing. */
  refuse(decision: GrowthDecision): void {
    if (decision.type === 'open') for (let n = 0; n < decision.count; n += 1) this.growth.openFailed(this.nowMs);
  }

  /** All its connections are gone. */
  go(): void {
    for (const lane of [...this.growth.lanes]) this.growth.removed(lane, this.nowMs);
  }

  returned(leftMs: number): GrowthDecision {
    this.connect(rttMs);
    return this.growth.returned(rttMs, mb, this.view(leftMs));
  }

  view(leftMs = 60_000): GrowthView {
    return {
      nowMs: this.nowMs,
      totalBytes: this.#totalBytes,
      connectionsMax: 16,
      sources: 4,
      connections: 4 + this.#lanes,
      leftMs,
      reading: { isOn: this.windowMs < Infinity, windowMs: this.windowMs },
      gate: this.gate,
    };
  }

  /** Time passes at these speeds, in bytes a second, until something is decided, or for 4 s. */
  bring(own: number, others: number, leftMs?: number): GrowthDecision {
    for (let n = 0; n < 80; n += 1) {
      this.nowMs += tickMs;
      this.growth.receivedBytes += (own * tickMs) / 1000;
      this.#totalBytes += ((own + others) * tickMs) / 1000;
      const decision = this.growth.decide(this.view(leftMs));
      if (decision.type !== 'none') return decision;
    }
    return { type: 'none' };
  }

  /** Opens what was decided; each connection takes so long to be made. */
  open(decision: GrowthDecision, connectMs: number): void {
    expect(decision.type).toBe('open');
    if (decision.type === 'open') for (let n = 0; n < decision.count; n += 1) this.connect(connectMs);
  }
}

describe('a source that gained while the others lost as much', () => {
  test('is taken to have gained at their cost where its connections had to queue', () => {
    const source = new Growing();
    source.open(source.bring(2 * mb, 10 * mb), 3 * rttMs);
    expect(source.bring(4 * mb, 8 * mb)).toMatchObject({ type: 'retire' });
    expect(source.gate.isLinkFull(source.nowMs)).toBe(true);
  });

  test('goes on growing where they were made as fast as the first: the link has room, and the others lost for reasons of their own', () => {
    const source = new Growing();
    source.open(source.bring(2 * mb, 10 * mb), rttMs + 5);
    expect(source.bring(4 * mb, 8 * mb)).toMatchObject({ type: 'open', count: 6 });
    expect(source.gate.isLinkFull(source.nowMs)).toBe(false);
  });
});

describe('a source that did not gain over its first second', () => {
  test('keeps its connections where nothing queues: it was measured against slow start', () => {
    const source = new Growing();
    source.open(source.bring(4 * mb, 10 * mb), rttMs);
    expect(source.bring(4 * mb, 10 * mb)).not.toMatchObject({ type: 'retire' });
  });

  test('gives them back where something does', () => {
    const source = new Growing();
    source.open(source.bring(4 * mb, 10 * mb), 3 * rttMs);
    expect(source.bring(4 * mb, 10 * mb)).toMatchObject({ type: 'retire' });
  });
});

describe('a source whose server gives each connection so much', () => {
  test('is tried with four times as many, as probes that come back at once say', () => {
    const source = new Growing();
    source.probe(rttMs + 2);
    expect(source.bring(mb, 10 * mb)).toMatchObject({ type: 'open', count: 3 });
  });

  test('keeps as many as its whole speed takes, and no more', () => {
    const source = new Growing();
    source.probe(rttMs);
    source.open(source.bring(mb, 10 * mb), rttMs);
    source.probe(3 * rttMs);
    const decision = source.bring(1.7 * mb, 10 * mb);
    expect(decision.type === 'retire' && decision.lanes).toHaveLength(2);
  });

  test('is tried with twice as many where bytes wait in front of a probe', () => {
    const source = new Growing();
    source.probe(3 * rttMs);
    expect(source.bring(mb, 10 * mb)).toMatchObject({ type: 'open', count: 1 });
  });

  test('need not bring as much to be measured', () => {
    const held = new Growing();
    held.probe(rttMs);
    const from = held.nowMs;
    held.bring(mb / 10, 10 * mb);
    const other = new Growing();
    other.probe(3 * rttMs);
    other.bring(mb / 10, 10 * mb);
    expect(held.nowMs - from).toBeLessThan(other.nowMs - from);
  });
});

describe('a source that comes back', () => {
  test('has as many connections as were worth having, at once', () => {
    const source = new Growing();
    source.open(source.bring(2 * mb, 10 * mb), rttMs);
    source.refuse(source.bring(4 * mb, 10 * mb));
    source.go();
    const back = source.returned(60_000);
    expect(back).toMatchObject({ type: 'open', count: 1 });
    expect(back.type === 'open' && back.reason).toContain('it is back');
  });

  test('has no more than can bring what they hold back in the time that is left', () => {
    const source = new Growing();
    source.open(source.bring(2 * mb, 10 * mb), rttMs);
    source.refuse(source.bring(4 * mb, 10 * mb));
    source.go();
    expect(source.returned(500)).toEqual({ type: 'none' });
  });
});

test('connections hold back no more than comes in a tenth of what a reader keeps ahead', () => {
  const source = new Growing();
  source.windowMs = 500;
  expect(source.bring(2 * mb, 10 * mb)).toEqual({ type: 'none' });
});

describe('a far source whose packets are lost', () => {
  const farMs = 200;
  const leftMs = 6000;

  /** Three connections, each of which holds 0.7 s in its server's send buffer. */
  function far(): Growing {
    const source = new Growing();
    source.go();
    for (let n = 0; n < 3; n += 1) source.connect(farMs);
    source.probe(700);
    return source;
  }

  test('is tried with more connections, whatever these hold back now', () => {
    expect(far().bring(0.4 * mb, 10 * mb, leftMs)).toMatchObject({ type: 'open', count: 3 });
  });

  test('is not where each of them fills a window: a link is what bounds it', () => {
    expect(far().bring(4 * mb, 10 * mb, leftMs)).toEqual({ type: 'none' });
  });

  test('is not once a trial has brought nothing', () => {
    const source = far();
    source.open(source.bring(0.4 * mb, 10 * mb, leftMs), farMs);
    expect(source.bring(0.4 * mb, 10 * mb, leftMs)).toMatchObject({ type: 'retire' });
    source.probe(700);
    expect(source.bring(0.4 * mb, 10 * mb, leftMs)).toEqual({ type: 'none' });
  });

  test('is not in the last moments', () => {
    expect(far().bring(0.4 * mb, 10 * mb, 2900)).toEqual({ type: 'none' });
  });
});
