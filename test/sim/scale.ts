import { performance } from 'node:perf_hooks';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import { Ledger } from '../../src/core/ledger.js';
import { Scheduler } from '../../src/core/scheduler.js';
import type { SchedulerCommand, SchedulerEvent, SegmentId } from '../../src/core/scheduler-messages.js';
import { Random } from '../support/random.js';

export interface ScaleResult {
  readonly decisions: number;
  readonly microsPerDecision: number;
  readonly peakMib: number;
  readonly seconds: number;
  readonly ratio: number;
}

interface Order {
  readonly segment: SegmentId;
  position: number;
  end: number;
}

/** One source of the large world: a rate, and what it was asked for. */
interface Feeder {
  readonly rate: number;
  readonly orders: Order[];
}

const tickMs = 50;
const pieceBytes = 1024 * 1024;

/**
 * Very many sources and pieces: what a decision costs in time and memory. The net is as simple as can be (each source
 * delivers its rate at once), so that it is the scheduler and the ledger that are measured.
 */
export function runScale(sourceCount: number, pieceCount: number): ScaleResult {
  const random = new Random(1);
  const sizeBytes = pieceCount * pieceBytes;
  const ledger = new Ledger(sizeBytes, pieceBytes);
  const scheduler = new Scheduler({
    pieceBytes,
    missing: ledger.missing(0, sizeBytes),
    connectionsPerSourceMax: 1,
  });
  const feeders: Feeder[] = Array.from({ length: sourceCount }, () => ({
    rate: random.logBetween(0.3e6, 30e6),
    orders: [],
  }));
  const rateSum = feeders.reduce((sum, feeder) => sum + feeder.rate, 0);
  let [nowMs, decisions, spentMs, peak] = [0, 0, 0, 0];
  const handle = (event: SchedulerEvent): void => {
    const startedMs = performance.now();
    const commands = scheduler.handle(event, nowMs);
    spentMs += performance.now() - startedMs;
    decisions += 1;
    for (const command of commands) carryOut(command);
  };
  const carryOut = (command: SchedulerCommand): void => {
    if (command.type === 'request') {
      const { segment, start, end } = command;
      feeders[command.connection]?.orders.push({ segment, position: start, end });
    } else if (command.type === 'trim') {
      const order = feeders[command.connection]?.orders.find((o) => o.segment === command.segment);
      if (order !== undefined) order.end = Math.max(order.position, command.end);
    }
  };
  const startedMs = performance.now();
  feeders.forEach((_, i) => {
    handle({ type: 'source-expected', source: i as SourceId });
  });
  feeders.forEach((_, i) => {
    handle({ type: 'connection-ready', connection: i as ConnectionId, source: i as SourceId, rttMs: 20 });
  });
  for (; !ledger.isReceived; handle({ type: 'tick' })) {
    nowMs += tickMs;
    feeders.forEach((feeder, i) => {
      deliver(feeder, i);
    });
    peak = Math.max(peak, process.memoryUsage.rss());
    if (nowMs > 600_000) throw new Error('the large world does not end');
  }

  function deliver(feeder: Feeder, i: number): void {
    let budget = Math.floor((feeder.rate * tickMs) / 1000);
    for (let order = feeder.orders[0]; order !== undefined && budget > 0; order = feeder.orders[0]) {
      const count = Math.min(budget, order.end - order.position);
      budget -= count;
      const from = order.position;
      order.position += count;
      const ids = { connection: i as ConnectionId, segment: order.segment };
      if (count > 0) {
        ledger.receive(from, order.position, i as SourceId);
        handle({ type: 'bytes', ...ids, position: order.position });
      }
      if (order.position < order.end) return;
      feeder.orders.shift();
      handle({ type: 'segment-ended', ...ids, end: order.position });
    }
  }

  return {
    decisions,
    microsPerDecision: (spentMs * 1000) / decisions,
    peakMib: peak / 2 ** 20,
    seconds: (performance.now() - startedMs) / 1000,
    ratio: nowMs / ((sizeBytes / rateSum) * 1000),
  };
}
