import { describe, expect, it } from 'vitest';
import type { DownloadEvent } from '../../src/base/events.js';
import { EventLog } from '../../src/engine/event-log.js';

async function all(reader: AsyncIterable<DownloadEvent>): Promise<string[]> {
  const reasons: string[] = [];
  for await (const event of reader) reasons.push('reason' in event ? event.reason : event.type);
  return reasons;
}

describe('the event log', () => {
  it('stamps each event with the time of the run', () => {
    let nowMs = 5;
    const log = new EventLog(() => nowMs);
    log.add({ type: 'notice', reason: 'a' });
    nowMs = 9;
    log.add({ type: 'notice', reason: 'b' });
    expect(log.recent(10)).toEqual([
      { type: 'notice', reason: 'a', atMs: 5 },
      { type: 'notice', reason: 'b', atMs: 9 },
    ]);
    expect(log.recent(1).map((e) => e.atMs)).toEqual([9]);
    expect(log.recent(0)).toEqual([]);
  });

  it('streams to each reader what happens from its call on, and ends with the run', async () => {
    const log = new EventLog(() => 0);
    log.add({ type: 'notice', reason: 'before' });
    const early = all(log.read());
    log.add({ type: 'notice', reason: 'one' });
    const late = all(log.read());
    log.add({ type: 'notice', reason: 'two' });
    log.end();
    log.add({ type: 'notice', reason: 'after the end' });
    expect(await early).toEqual(['one', 'two']);
    expect(await late).toEqual(['two']);
  });

  it('ends a reader that is waiting', async () => {
    const log = new EventLog(() => 0);
    const reading = all(log.read());
    await Promise.resolve();
    log.end();
    expect(await reading).toEqual([]);
  });

  it('ends a reader that began after the end', async () => {
    const log = new EventLog(() => 0);
    log.end();
    expect(await all(log.read())).toEqual([]);
  });

  it('keeps the newest few hundred, and lets a slow reader lose the oldest', async () => {
    const log = new EventLog(() => 0);
    const reader = log.read();
    for (let i = 0; i < 10_500; i += 1) log.add({ type: 'notice', reason: String(i) });
    const recent = log.recent(10_500);
    expect(recent.length).toBeGreaterThanOrEqual(250);
    expect(recent.length).toBeLessThanOrEqual(500);
    expect(recent.at(-1)).toMatchObject({ reason: '10499' });
    log.end();
    const seen = await all(reader);
    expect(seen).toHaveLength(10_000);
    expect(seen[0]).toBe('500');
  });
});
