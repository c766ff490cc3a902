import { expect, test } from 'vitest';
import type { HttpSource } from '../../../src/sources/http/http-source.js';
import { until } from '../../support/download-lab.js';
import { httpSourceAt } from '../../support/http-source-at.js';
import { HttpTestServer, type Quirk } from '../../support/http-test-server.js';
import { randomBytesOf } from '../../support/random-bytes.js';
import { RecordingHandler } from '../../support/recording-handler.js';

const file = randomBytesOf(300_000);

const forbidden: Quirk = (_ask, right) => ({ ...right, status: 403, headers: {}, body: Buffer.from('expired') });

function redirectTo(location: () => string, more: Record<string, string> = {}): Quirk {
  return (_ask, right) => ({
    ...right,
    status: 302,
    headers: { Location: location(), ...more },
    body: Buffer.alloc(0),
  });
}

/** Answers that wait, from when it is closed, each for its own release. */
class Gate {
  isClosed = false;
  readonly waiting: (() => void)[] = [];

  readonly held = (): Promise<void> | undefined =>
    this.isClosed ? new Promise((resolve) => this.waiting.push(resolve)) : undefined;

  open(): void {
    this.isClosed = false;
    for (const release of this.waiting.splice(0)) release();
  }
}

async function connect(source: HttpSource, connectTimeoutMs = 4000): Promise<RecordingHandler> {
  const handler = new RecordingHandler(file.length);
  handler.use(source.connect(handler, { connectTimeoutMs }));
  await handler.whenReady();
  return handler;
}

async function bring(handler: RecordingHandler, segment: number, start: number, end: number): Promise<void> {
  handler.connection.request(segment, start, end);
  await handler.whenEnded(segment);
  expect(handler.bytes.subarray(start, end).equals(file.subarray(start, end))).toBe(true);
}

test('a cookie of the server that a file has left does not go to the one where it is', async () => {
  const gate = new Gate();
  const there = await HttpTestServer.start({ file });
  const here = await HttpTestServer.start({ file, held: gate.held });
  const source = httpSourceAt(here.url.replace('127.0.0.1', 'localhost'));
  const [first, second] = [await connect(source), await connect(source)];
  here.quirk = redirectTo(() => there.url, { 'Set-Cookie': 'session=secret' });
  gate.isClosed = true;
  first.connection.request(1, 0, 1000);
  second.connection.request(1, 1000, 2000);
  await until(() => gate.waiting.length === 2);
  // The first one finds the file elsewhere; the second hears only then from where it was.
  gate.waiting.shift()?.();
  await first.whenEnded(1);
  gate.open();
  await second.whenEnded(1);
  await bring(second, 2, 2000, 3000);
  expect(there.asks.length).toBeGreaterThan(3);
  expect(there.asks.filter((ask) => ask.headers.cookie !== undefined)).toEqual([]);
  for (const handler of [first, second]) handler.closeIt();
});

test('what an answer names is named by who was asked, not by the server where the file is by now', async () => {
  const gate = new Gate();
  gate.isClosed = true;
  const there = await HttpTestServer.start({ file });
  const Link = '</f.meta4>; rel=describedby; type="application/metalink4+xml"';
  const here = await HttpTestServer.start({
    file,
    held: gate.held,
    quirk: (ask, right, bytes) =>
      ask.number === 0
        ? redirectTo(() => there.url)(ask, right, bytes)
        : { ...right, headers: { ...right.headers, Link } },
  });
  const source = httpSourceAt(here.url);
  const handlers = [1, 2].map(() => {
    const handler = new RecordingHandler(file.length);
    handler.use(source.connect(handler, { connectTimeoutMs: 4000 }));
    return handler;
  });
  const ready = handlers.map((handler) => handler.whenReady());
  await until(() => gate.waiting.length === 2);
  gate.waiting.shift()?.();
  await Promise.race(ready);
  gate.open();
  const named = (await Promise.all(ready)).map(({ published }) => published?.manifestUrl);
  expect(named).toContain(`${here.origin}/f.meta4`);
  for (const handler of handlers) handler.closeIt();
});

test('an address that expires under two connections is followed anew by both', async () => {
  const gate = new Gate();
  let signature = 1;
  const end = await HttpTestServer.start({
    file,
    held: gate.held,
    quirk: (ask, right, bytes) => (ask.path.endsWith(`?sig=${signature}`) ? right : forbidden(ask, right, bytes)),
  });
  const start = await HttpTestServer.start({ file, quirk: redirectTo(() => `${end.url}?sig=${signature}`) });
  const source = httpSourceAt(start.url);
  const [first, second] = [await connect(source), await connect(source)];
  await bring(first, 1, 0, 1000);
  signature = 2;
  gate.isClosed = true;
  const both = [bring(first, 2, 1000, 2000), bring(second, 2, 2000, 3000)];
  await until(() => gate.waiting.length === 2);
  gate.open();
  await Promise.all(both);
  for (const handler of [first, second]) handler.closeIt();
});

test('an address that lets nobody have more than its first byte any more is not followed anew for ever', async () => {
  const end = await HttpTestServer.start({ file });
  const start = await HttpTestServer.start({ file, quirk: redirectTo(() => `${end.url}?sig=1`) });
  const handler = await connect(httpSourceAt(start.url));
  await bring(handler, 1, 0, 1000);
  end.quirk = (ask, right, bytes) => (ask.range?.end === 1 ? right : forbidden(ask, right, bytes));
  handler.connection.request(2, 1000, 2000);
  expect(await handler.whenClosed()).toMatchObject({ code: 'http-forbidden' });
  expect(start.asks.length).toBeLessThan(10);
});

test('a connection that has followed a redirect in mid-download may take longer over its bytes than to connect', async () => {
  const connectTimeoutMs = 200;
  const there = await HttpTestServer.start({ file });
  const here = await HttpTestServer.start({ file });
  const handler = await connect(httpSourceAt(here.url), connectTimeoutMs);
  here.quirk = redirectTo(() => there.url);
  handler.roomBytes = 1000;
  handler.connection.request(1, 0, 100_000);
  await handler.whenFull();
  const sinceMs = performance.now();
  await until(() => performance.now() - sinceMs > connectTimeoutMs * 2);
  handler.roomBytes = Infinity;
  handler.connection.resume();
  await handler.whenEnded(1);
  expect(handler.bytes.subarray(0, 100_000).equals(file.subarray(0, 100_000))).toBe(true);
  handler.closeIt();
});
