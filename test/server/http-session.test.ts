import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { httpRequestLimits } from '../../src/wire/http-request-limits.js';
import { RawHttpClient } from '../support/raw-http-client.js';
import { RawMgpClient } from '../support/raw-mgp-client.js';
import { TempFolder, TestFleet, type TestFleetOptions } from '../support/test-fleet.js';

const MiB = 1024 * 1024;
const largeBytes = 64 * MiB;
let temp: TempFolder;

beforeEach(async () => {
  temp = await TempFolder.create();
});
afterEach(async () => {
  await temp[Symbol.asyncDispose]();
});

async function serve(content: Uint8Array | string, options: TestFleetOptions = {}): Promise<TestFleet> {
  await writeFile(temp.join('a.bin'), content);
  return TestFleet.start([temp.join('a.bin')], options);
}

async function serveLarge(options: TestFleetOptions = {}): Promise<TestFleet> {
  return TestFleet.start([await temp.sparse('a.bin', largeBytes)], options);
}

describe('a connection that speaks HTTP', () => {
  it('has its requests understood however they are cut', async () => {
    await using served = await serve('abcdef');
    await using client = await RawHttpClient.connect(served.port());
    const text =
      'GET /a.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\n\r\n\r\nHEAD /a.bin HTTP/1.1\r\nHost: a\r\n\r\n';
    for (const character of text) client.send(character);
    expect((await client.answer()).body.toString()).toBe('bc');
    expect((await client.answer(true)).header('Content-Length')).toBe('6');
  });

  it('has pipelined requests answered in their order', async () => {
    const bytes = randomBytes(4 * MiB);
    await using served = await serve(bytes);
    await using client = await RawHttpClient.connect(served.port());
    const asked = Array.from({ length: 200 }, (_, i) => ({ start: i * 20_000, end: i * 20_000 + 1 + i * 37 }));
    for (const { start, end } of asked) client.ask('/a.bin', { Range: `bytes=${start}-${end - 1}` });
    client.ask('/none');
    client.ask('/a.bin', {}, 'HEAD');
    for (const { start, end } of asked) {
      const answer = await client.answer();
      expect(answer.header('Content-Range')).toBe(`bytes ${start}-${end - 1}/${bytes.length}`);
      expect(answer.body.equals(bytes.subarray(start, end))).toBe(true);
    }
    expect((await client.answer()).status).toBe(404);
    expect((await client.answer(true)).status).toBe(200);
  });

  it('is not read from while it asks for more than it reads, and gets everything in the end', async () => {
    await using served = await serve('abc');
    await using client = await RawHttpClient.connect(served.port());
    client.socket.pause();
    const requests = 4000;
    for (let i = 0; i < requests; i += 1) client.ask('/a.bin', { 'X-Padding': 'x'.repeat(1000) });
    client.socket.resume();
    for (let i = 0; i < requests; i += 1) expect((await client.answer()).body.toString()).toBe('abc');
  });

  it('is closed after an answer where the client says so, and else is kept', async () => {
    await using served = await serve('abc');
    await using kept = await RawHttpClient.connect(served.port());
    expect((await kept.get('/a.bin')).header('Connection')).toBeUndefined();
    expect((await kept.get('/a.bin', { Connection: 'close' })).header('Connection')).toBe('close');
    expect(await kept.ended()).toBe('fin');
    await using old = await RawHttpClient.connect(served.port());
    old.send('GET /a.bin HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /a.bin HTTP/1.0\r\n\r\n');
    expect((await old.answer()).header('Connection')).toBe('keep-alive');
    expect((await old.answer()).header('Connection')).toBe('close');
    expect(await old.ended()).toBe('fin');
  });

  it('gets what it asked for although it has closed its half', async () => {
    await using served = await serve(randomBytes(8 * MiB));
    await using client = await RawHttpClient.connect(served.port());
    client.ask('/a.bin');
    client.ask('/a.bin', { Range: 'bytes=0-0' });
    client.socket.end();
    expect((await client.answer()).body.length).toBe(8 * MiB);
    expect((await client.answer()).body.length).toBe(1);
    expect(await client.ended()).toBe('fin');
  });

  it('counts as a client, and its bytes as sent', async () => {
    await using served = await serve(randomBytes(1000));
    await using client = await RawHttpClient.connect(served.port());
    await client.get('/a.bin', { Range: 'bytes=0-99' });
    await expect.poll(() => served.server()).toMatchObject({ clients: 1, sentBytes: 100 });
    client.socket.destroy();
    await expect.poll(() => served.server()).toMatchObject({ clients: 0, sentBytes: 100 });
  });

  it('shares its server with one that speaks mgp', async () => {
    const bytes = randomBytes(2 * MiB);
    await using served = await serve(bytes);
    await using native = await RawMgpClient.connect(served.port());
    await using client = await RawHttpClient.connect(served.port());
    const { version } = await native.stat('a.bin');
    const [answer, result] = await Promise.all([client.get('/a.bin'), native.fetch('a.bin', version, 0, bytes.length)]);
    expect(answer.body.equals(bytes) && result.bytes.equals(bytes)).toBe(true);
  });
});

describe('a request that is refused', () => {
  it.each([
    ['POST', 405],
    ['PUT', 405],
    ['DELETE', 405],
    ['OPTIONS', 405],
    ['BREW', 501],
    ['get', 501],
  ])('for its method %s gets %d', async (method, status) => {
    await using served = await serve('abc');
    await using client = await RawHttpClient.connect(served.port());
    const answer = await client.get('/a.bin', {}, method);
    expect(answer.status).toBe(status);
    expect(answer.header('Allow')).toBe(status === 405 ? 'GET, HEAD' : undefined);
    expect((await client.get('/a.bin')).status).toBe(200);
  });

  it.each([
    ['GET /a.bin HTTP/1.1\r\n\r\n', 400],
    ['GET /a.bin\r\n\r\n', 400],
    ['GET /a.bin HTTP/1.1\nHost: a\n\n', 400],
    ['GET /a.bin HTTP/1.1\r\nHost: a\r\n b\r\n\r\n', 400],
    ['GET /a.bin HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    ['GET /a.bin HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc', 413],
    ['POST /a.bin HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\nGET /a.bin HTTP/1.1\r\nHost: a\r\n\r\n', 405],
    ['GET /a.bin HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 413],
    ['GET /a.bin HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n', 417],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
    [`GET /${'a'.repeat(httpRequestLimits.targetBytesMax)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(httpRequestLimits.headBytesMax)}\r\n\r\n`, 431],
    [`GET / HTTP/1.1\r\nHost: a\r\n${'X: a\r\n'.repeat(httpRequestLimits.headersMax)}\r\n`, 431],
  ])('as %j is told %d, and the connection ends', async (text, status) => {
    await using served = await serve('abc');
    await using client = await RawHttpClient.connect(served.port());
    client.send(text);
    const answer = await client.answer();
    expect([answer.status, answer.header('Connection')]).toEqual([status, 'close']);
    expect(await client.ended()).toBe('fin');
    expect(client.received.length).toBe(0);
  });

  it.each([
    ['HEAD /%zz HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['HEAD /a.bin HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n', 413],
    ['HEAD /a.bin HTTP/1.1\r\n\r\n', 400],
  ])('as %j is told %d in a head alone: nothing follows it, as to any HEAD', async (text, status) => {
    await using served = await serve('abc');
    await using client = await RawHttpClient.connect(served.port());
    client.send(text);
    const answer = await client.answer(true);
    expect([answer.status, answer.header('Connection')]).toEqual([status, 'close']);
    expect(Number(answer.header('Content-Length'))).toBeGreaterThan(0);
    expect(await client.ended()).toBe('fin');
    expect(client.received.toString('latin1')).toBe('');
  });

  it('for one expectation that says nothing without a body is answered', async () => {
    await using served = await serve('abc');
    await using client = await RawHttpClient.connect(served.port());
    expect((await client.get('/a.bin', { Expect: '100-continue' })).status).toBe(200);
  });
});

describe('a client that is too slow', () => {
  it('with its head is told so', async () => {
    await using served = await serve('abc', { limits: { helloMs: 100 } });
    await using client = await RawHttpClient.connect(served.port());
    client.send('GET /a.bin HT');
    expect((await client.answer()).status).toBe(408);
    expect(await client.ended()).toBe('fin');
  });

  it('with its next request is hung up on', async () => {
    await using served = await serve('abc', { limits: { keepAliveMs: 100 } });
    await using client = await RawHttpClient.connect(served.port());
    expect((await client.get('/a.bin')).status).toBe(200);
    expect(await client.ended()).toBe('fin');
    expect(client.received.length).toBe(0);
    await expect.poll(() => served.server().clients).toBe(0);
  });

  it('to read starves no other of memory, and is dropped for one who waits', async () => {
    await using served = await serveLarge({ limits: { poolBytes: 64 * 1024, stallMs: 200 } });
    await using stuck = await RawHttpClient.connect(served.port());
    stuck.socket.pause();
    stuck.ask('/a.bin');
    await expect.poll(() => served.server().sentBytes).toBeGreaterThan(0);
    await using client = await RawHttpClient.connect(served.port());
    expect((await client.get('/a.bin', { Range: 'bytes=0-2097151' })).body.length).toBe(2 * MiB);
  });

  it('or breaks off gives its memory and its file back', async () => {
    await using served = await serveLarge({ limits: { poolBytes: 128 * 1024 } });
    for (let round = 0; round < 10; round += 1) {
      await using client = await RawHttpClient.connect(served.port());
      client.ask('/a.bin', { Range: 'bytes=0-9,100-60000000' });
      await client.head();
      client.socket.resetAndDestroy();
    }
    await using client = await RawHttpClient.connect(served.port());
    expect((await client.get('/a.bin', { Range: 'bytes=0-4194303' })).body.length).toBe(4 * MiB);
  });
});

describe('a server', () => {
  it('that is closed finishes its answers, says that they are the last, and hangs up on who asks nothing', async () => {
    await using served = await serveLarge({ limits: { graceMs: 20_000 } });
    await using busy = await RawHttpClient.connect(served.port());
    await using idle = await RawHttpClient.connect(served.port());
    await idle.get('/a.bin', { Range: 'bytes=0-0' });
    busy.ask('/a.bin');
    busy.ask('/a.bin', { Range: 'bytes=0-0' });
    await busy.head();
    busy.socket.pause();
    const closed = served.fleet.close(1);
    expect(await idle.ended()).toBe('fin');
    busy.socket.resume();
    expect((await busy.take(largeBytes)).length).toBe(largeBytes);
    expect(await busy.ended()).toBe('fin');
    await closed;
    expect(busy.received.length).toBe(0);
  });

  it('that is closed waits for no one beyond its grace', async () => {
    await using served = await serveLarge({ limits: { graceMs: 50 } });
    await using client = await RawHttpClient.connect(served.port());
    client.ask('/a.bin');
    await client.head();
    client.socket.pause();
    await served.fleet.close(1);
    expect(served.server().state).toBe('closed');
    client.socket.resume();
    await client.ended();
    expect(client.received.length).toBeLessThan(largeBytes);
  });

  it('that is killed resets its clients', async () => {
    await using served = await serveLarge();
    await using idle = await RawHttpClient.connect(served.port());
    await using busy = await RawHttpClient.connect(served.port());
    await idle.get('/a.bin', { Range: 'bytes=0-0' });
    busy.ask('/a.bin');
    await busy.head();
    await served.fleet.kill(1);
    expect(await idle.ended()).toBe('reset');
    // How it ends for the busy one is not told apart: libuv reports a reset behind the last bytes of a read as a FIN.
    await busy.ended();
    expect(busy.received.length).toBeLessThan(largeBytes);
  });

  it('that is full says so in the language of whoever comes', async () => {
    await using served = await serve('abc', { limits: { connectionsMax: 1 } });
    await using first = await RawHttpClient.connect(served.port());
    expect((await first.get('/a.bin')).status).toBe(200);
    await using second = await RawHttpClient.connect(served.port());
    const answer = await second.get('/a.bin');
    expect([answer.status, answer.header('Retry-After')]).toEqual([503, '5']);
    expect(await second.ended()).toBe('fin');
    await using native = await RawMgpClient.connect(served.port(), { greet: false });
    native.send(Buffer.from([0x89]));
    expect(await native.error(0)).toMatchObject({ code: 'busy' });
  });

  it('with a rate limit holds HTTP to it, too', async () => {
    await using served = await serve(randomBytes(MiB), { rateLimits: [1000] });
    await using client = await RawHttpClient.connect(served.port());
    client.ask('/a.bin');
    await client.head();
    await client.take(1);
    await using other = await RawHttpClient.connect(served.port());
    expect((await other.get('/a.bin', {}, 'HEAD')).status).toBe(200);
    expect(client.received.length).toBeLessThan(MiB / 2);
  });
});
