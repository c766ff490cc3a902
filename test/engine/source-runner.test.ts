import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConnectionGate } from '../../src/base/connection-gate.js';
import { ManygetError, type ErrorCode } from '../../src/base/errors.js';
import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import type { LinkEvents } from '../../src/engine/link.js';
import { SourcePool } from '../../src/engine/source-pool.js';
import { isFinal, SourceRunner } from '../../src/engine/source-runner.js';
import type { ConnectionHandler, Source, SourceConnection, SourceInfo } from '../../src/sources/source.js';

const info: SourceInfo = {
  name: 'f',
  sizeBytes: 1000,
  mtimeMs: 0,
  pieceBytes: 65_536,
  contentId: undefined,
  sha256: undefined,
  hashedBytes: 0,
  version: 'v1',
  traits: { canTrim: true, ranges: true },
};

/** A source whose connections do nothing by themselves, and its runner. */
function world(random: () => number, gate?: ConnectionGate) {
  const handlers: ConnectionHandler[] = [];
  const source: Source = {
    url: 'mgp://h:1/f',
    label: 'h:1',
    fileName: 'f',
    mayBeRenamed: false,
    willHash: true,
    connect(handler): SourceConnection {
      handlers.push(handler);
      return {
        request: () => undefined,
        trim: () => undefined,
        requestHashes: () => undefined,
        ping: () => undefined,
        resume: () => undefined,
        close: (error) => handler.closed(error),
      };
    },
    list: () => Promise.resolve([]),
  };
  const links = new Proxy({} as LinkEvents, {
    get: (_, name) =>
      name === 'closed'
        ? (...[link, error]: Parameters<LinkEvents['closed']>) => runner.linkClosed(link, error)
        : name === 'ready'
          ? () => runner.worked()
          : () => undefined,
  });
  let connection = 0;
  const runner = new SourceRunner(0 as SourceId, source, {
    connectTimeoutMs: 1000,
    nextConnection: () => connection++ as ConnectionId,
    links,
    gate,
    pace: { most: (_, bytesMax) => bytesMax, took: () => undefined },
    nowMs: () => Date.now(),
    random,
  });
  return { runner, handlers, source };
}

const refused = new ManygetError('connect-refused', 'h:1 refused');

describe('a source that fails', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  /** Lets every attempt fail, and says how long after each one the next began. */
  function delays(handlers: ConnectionHandler[], attempts: number): number[] {
    const out: number[] = [];
    for (let i = 1; i <= attempts; i += 1) {
      handlers[i - 1]?.closed(refused);
      const failedAtMs = Date.now();
      while (handlers.length === i) vi.advanceTimersToNextTimer();
      out.push(Date.now() - failedAtMs);
    }
    return out;
  }

  it('is tried again after delays that grow by a quarter, up to two seconds', () => {
    const { runner, handlers } = world(() => 0);
    runner.open();
    expect(delays(handlers, 12)).toEqual([250, 312, 390, 488, 610, 762, 953, 1192, 1490, 1862, 2000, 2000]);
    expect(runner.faults).toBe(12);
    expect(runner.state).toBe('backing-off');
  });

  it('is tried up to a quarter earlier, so that clients do not come all at once', () => {
    const { runner, handlers } = world(() => 1);
    runner.open();
    expect(delays(handlers, 2)).toEqual([187, 234]);
  });

  it('begins again with the shortest delay once it has worked', () => {
    const { runner, handlers } = world(() => 0);
    runner.open();
    delays(handlers, 4);
    handlers[4]?.ready(info);
    handlers[4]?.closed(refused);
    vi.advanceTimersByTime(250);
    expect(handlers).toHaveLength(6);
  });

  it('answers no more after it was asked three times for bytes and brought none, until it brings some', () => {
    const { runner, handlers } = world(() => 0);
    runner.open();
    for (let i = 0; i < 3; i += 1) {
      handlers[i]?.ready(info);
      expect(runner.answers).toBe(true);
      for (const link of runner.links) link.request(1, 0, 10);
      handlers[i]?.closed(refused);
      vi.advanceTimersByTime(3000);
    }
    handlers[3]?.ready(info);
    expect(runner.readyLinks).toBe(1);
    expect(runner.answers).toBe(false);
    runner.arrived(5);
    expect(runner.answers).toBe(true);
  });

  it('is excused for a damaged stream, but only once it has shown what it is, and not for ever', () => {
    const { runner, handlers } = world(() => 0);
    const damaged = new ManygetError('protocol-violation', 'h:1 sent nonsense');
    runner.open();
    expect(runner.isExcused(damaged)).toBe(false);
    runner.info = info;
    expect(runner.isExcused(refused)).toBe(false);
    for (let i = 0; i < 3; i += 1) {
      expect(runner.isExcused(damaged)).toBe(true);
      handlers[i]?.closed(damaged);
      vi.advanceTimersByTime(3000);
    }
    expect(runner.isExcused(damaged)).toBe(false);
  });

  it('is not tried again once it is stopped', () => {
    const { runner, handlers } = world(() => 0);
    runner.open();
    handlers[0]?.closed(refused);
    runner.stop('removed', new ManygetError('aborted', 'removed'));
    vi.advanceTimersByTime(60_000);
    expect(handlers).toHaveLength(1);
    expect(runner.state).toBe('removed');
  });
});

describe('an error of a source', () => {
  it.each<ErrorCode>(['not-found', 'not-mgp', 'version-unsupported', 'protocol-violation'])('%s is final', (code) => {
    expect(isFinal(new ManygetError(code, 'x'), world(() => 0).source)).toBe(true);
  });

  it.each<ErrorCode>(['connect-refused', 'connection-lost', 'source-silent', 'server-busy', 'file-changed'])(
    '%s is worth another try',
    (code) => {
      expect(isFinal(new ManygetError(code, 'x'), world(() => 0).source)).toBe(false);
    },
  );
});

describe('a source whose host has a limit of connections', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  /** A host with so much room for this download. */
  function hostGate(room: number) {
    const host = { room, taken: 0, surplus: 0 };
    const gate: ConnectionGate = {
      take: () => {
        if (host.taken >= host.room) return false;
        host.taken += 1;
        return true;
      },
      release: () => void (host.taken -= 1),
      surplus: () => Math.max(0, host.taken - host.room),
    };
    return { host, gate };
  }

  it('waits for its turn, which is no fault, and says so', () => {
    const { host, gate } = hostGate(0);
    const { runner, handlers } = world(() => 0, gate);
    runner.open();
    vi.advanceTimersByTime(5000);
    expect([handlers.length, runner.faults, runner.isQueued]).toEqual([0, 0, true]);
    expect(runner.note).toContain('waits for other downloads');
    host.room = 1;
    vi.advanceTimersByTime(300);
    expect([handlers.length, runner.isQueued, runner.note]).toEqual([1, false, '']);
    runner.open();
    expect(handlers).toHaveLength(1);
  });

  it('gives connections up when it has to, waits again, and leaves nothing behind', () => {
    const { host, gate } = hostGate(3);
    const { runner } = world(() => 0, gate);
    for (let n = 0; n < 3; n += 1) runner.open();
    host.room = 1;
    runner.giveWay();
    expect([runner.links.size, host.taken, runner.faults]).toEqual([1, 1, 0]);
    host.room = 0;
    runner.giveWay();
    expect([runner.links.size, host.taken, runner.faults, runner.isQueued]).toEqual([0, 0, 0, true]);
    runner.stop('removed', new ManygetError('aborted', 'no more'));
    expect(vi.getTimerCount()).toBe(0);
    expect(runner.isQueued).toBe(false);
  });
});

it('a file is called what its first source says, with its size or without', () => {
  const { runner, handlers } = world(() => 0);
  const pool = new SourcePool({ options: { sources: [] }, nowMs: () => 0 } as unknown as ConstructorParameters<
    typeof SourcePool
  >[0]);
  pool.runners.push(runner);
  runner.open();
  expect(pool.fileName(0)).toBeUndefined();
  handlers[0]?.unsized('film.mp4');
  expect(pool.fileName(0)).toBe('film.mp4');
  handlers[0]?.closed(new ManygetError('connection-lost', 'gone'));
  expect(runner.unsizedName).toBeUndefined();
});
