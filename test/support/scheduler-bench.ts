import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import type { SchedulerOptions } from '../../src/core/scheduler-options.js';
import { Scheduler } from '../../src/core/scheduler.js';
import type { LaneTraits, SchedulerCommand, SchedulerEvent } from '../../src/core/scheduler-messages.js';

export const mib = 1024 * 1024;

export type Request = Extract<SchedulerCommand, { type: 'request' }>;
type Trim = Extract<SchedulerCommand, { type: 'trim' }>;

/** A scheduler with connections whose bytes come when the test says so. Connection n is source n's first. */
export class SchedulerBench {
  readonly scheduler: Scheduler;
  readonly commands: SchedulerCommand[] = [];
  nowMs = 0;

  constructor(sizeBytes: number, options: Partial<SchedulerOptions> = {}) {
    this.scheduler = new Scheduler({
      pieceBytes: mib,
      missing: sizeBytes === 0 ? [] : [{ start: 0, end: sizeBytes }],
      connectionsPerSourceMax: 1,
      ...options,
    });
  }

  send(event: SchedulerEvent): readonly SchedulerCommand[] {
    const commands = this.scheduler.handle(event, this.nowMs);
    this.commands.push(...commands);
    return commands;
  }

  ready(n: number, rttMs = 20, traits?: LaneTraits): readonly SchedulerCommand[] {
    const [connection, source] = [n as ConnectionId, n as SourceId];
    return this.send({ type: 'connection-ready', connection, source, rttMs, traits });
  }

  expect(...sources: number[]): void {
    for (const source of sources) this.send({ type: 'source-expected', source: source as SourceId });
  }

  bytes(request: Request, position: number): readonly SchedulerCommand[] {
    return this.send({ type: 'bytes', connection: request.connection, segment: request.segment, position });
  }

  ended(request: Request, end: number): readonly SchedulerCommand[] {
    return this.send({ type: 'segment-ended', connection: request.connection, segment: request.segment, end });
  }

  /** `ms` pass in which each request gets its bytes a second, reported each 50 ms. */
  flow(ms: number, ...flows: { request: Request; rate: number }[]): void {
    const positions = flows.map((f) => this.scheduler.lane(f.request.connection)?.segment(f.request.segment)?.position);
    for (let passed = 50; passed <= ms; passed += 50) {
      this.nowMs += 50;
      flows.forEach(({ request, rate }, i) => {
        const from = positions[i] ?? request.start;
        this.bytes(request, Math.min(request.end, Math.floor(from + (rate * passed) / 1000)));
      });
      this.send({ type: 'tick' });
    }
  }

  wait(ms: number): void {
    for (let passed = 0; passed < ms; passed += 50) {
      this.nowMs += 50;
      this.send({ type: 'tick' });
    }
  }
}

export function requestsOf(commands: readonly SchedulerCommand[]): Request[] {
  return commands.filter((c): c is Request => c.type === 'request');
}

export function trimsOf(commands: readonly SchedulerCommand[]): Trim[] {
  return commands.filter((c): c is Trim => c.type === 'trim');
}

export function onlyRequest(commands: readonly SchedulerCommand[]): Request {
  const [request, ...more] = requestsOf(commands);
  if (request === undefined || more.length > 0) throw new Error(`expected one request, got ${commands.length}`);
  return request;
}
