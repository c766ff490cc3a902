import { expect, it } from 'vitest';
import { EventFeed } from '../../src/base/event-feed.js';

it('gives every reader every event from when it began to read, and ends them all', async () => {
  const events = new EventFeed<number>(1000);
  const early = events.read();
  events.emit(1);
  const late = events.read();
  events.emit(2);
  const waiting = (async () => {
    const seen: number[] = [];
    for await (const e of early) seen.push(e);
    return seen;
  })();
  expect((await late.next()).value).toEqual(2);
  events.end();
  expect(await waiting).toEqual([1, 2]);
  expect((await late.next()).done).toBe(true);
  expect((await events.read().next()).done).toBe(true);
});

it('wakes a reader that waits, and lets it leave', async () => {
  const events = new EventFeed<number>(1000);
  const reader = events.read();
  const next = reader.next();
  events.emit(7);
  expect((await next).value).toEqual(7);
  await reader.return?.();
  events.emit(8);
  expect((await reader.next()).done).toBe(true);
});

it('drops the oldest events of a reader that does not read', async () => {
  const events = new EventFeed<number>(1000);
  const reader = events.read();
  for (let n = 1; n <= 1500; n += 1) events.emit(n);
  expect((await reader.next()).value).toEqual(501);
});
