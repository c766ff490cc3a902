import { describe, expect, test } from 'vitest';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import { ConnectionGrowth, type GrowthDecision } from '../../src/core/connection-growth.js';
import { Lane } from '../../src/core/lane.js';
import { TrialGate } from '../../src/core/trial-gate.js';

const mb = 1_000_000;
const rttMs = 40;
const tickMs = 50;

/** One source beside others, whose connections bring what a test says, tick by tick. */
class Growing {
  readonly gate = new TrialGate();
  readonly growth = new ConnectionGrowth(1 as SourceId);
  nowMs = 0;
  #totalBytes = 0;
  #lanes = 0;

  constructor() {
    this.growth.expected(0);
    this.connect(rttMs);
  }

  connect(connectMs: number): void {
    const lane = new Lane(this.#lanes++ as ConnectionId, 1 as SourceId, connectMs, this.nowMs);
    lane.firstByteAtMs = this.nowMs;
    if (this.growth.added(lane, connectMs, this.nowMs)) this.gate.sawRoom(this.nowMs);
  }

  /** Time passes at these speeds, in bytes a second, until something is decided, or for 4 s. */
  bring(own: number, others: number): GrowthDecision {
    for (let n = 0; n < 80; n += 1) {
      this.nowMs += tickMs;
      this.growth.receivedBytes += (own * tickMs) / 1000;
      this.#totalBytes += ((own + others) * tickMs) / 1000;
      const decision = this.growth.decide({
        nowMs: this.nowMs,
        totalBytes: this.#totalBytes,
        connectionsMax: 16,
        sources: 4,
        connections: 4 + this.#lanes,
        leftMs: 60_000,
        gate: this.gate,
      });
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
