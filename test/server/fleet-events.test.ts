import { expect, it } from 'vitest';
import type { FleetEvent } from '../../src/base/fleet-handle.js';
import { FleetEvents } from '../../src/server/fleet-events.js';

const event = (number: number): FleetEvent => ({ type: 'server', number, reason: 'alive' });

it('gives every reader every event from when it began to read, and ends them all', async () => {
  const events = new FleetEvents();
  const early = events.read();
  events.emit(event(1));
  const late = events.read();
  events.emit(event(2));
  const waiting = (async () => {
    const seen: FleetEvent[] = [];
    for await (const e of early) seen.push(e);
    return seen;
  })();
  expect((await late.next()).value).toEqual(event(2));
  events.end();
  expect(await waiting).toEqual([event(1), event(2)]);
  expect((await late.next()).done).toBe(true);
  expect((await events.read().next()).done).toBe(true);
});

it('wakes a reader that waits, and lets it leave', async () => {
  const events = new FleetEvents();
  const reader = events.read();
  const next = reader.next();
  events.emit(event(7));
  expect((await next).value).toEqual(event(7));
  await reader.return?.();
  events.emit(event(8));
  expect((await reader.next()).done).toBe(true);
});

it('drops the oldest events of a reader that does not read', async () => {
  const events = new FleetEvents();
  const reader = events.read();
  for (let n = 1; n <= 1500; n += 1) events.emit(event(n));
  expect((await reader.next()).value).toEqual(event(501));
});
