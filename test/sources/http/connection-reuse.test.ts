import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { httpSourceAt } from '../../support/http-source-at.js';
import { HttpTestServer } from '../../support/http-test-server.js';
import { RecordingHandler } from '../../support/recording-handler.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const file = randomBytesOf(40 * 1024 * 1024);
const timing = { connectTimeoutMs: 4000 };

async function connected(url: string): Promise<RecordingHandler> {
  const handler = new RecordingHandler(file.length);
  handler.use(httpSourceAt(url).connect(handler, timing));
  await handler.whenReady();
  return handler;
}

function expectBytes(handler: RecordingHandler, start: number, end: number): void {
  expect(file.subarray(start, end).equals(handler.bytes.subarray(start, end))).toBe(true);
}

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/**
 * A server of raw sockets that answers requests for ranges of `file` and notes how many were out at once. It waits
 * with the second answer until the third request is there, where it is told to.
 */
async function rawServer(answersPerConnection: number): Promise<{ url: string; outAtOnce: number[] }> {
  const outAtOnce: number[] = [];
  const server = createServer((socket: Socket) => {
    let text = '';
    let answered = 0;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const requests = text.split('\r\n\r\n');
      text = requests.pop() ?? '';
      outAtOnce.push(requests.length);
      for (const request of requests) {
        if (answered === answersPerConnection) return;
        answered += 1;
        socket.write(answerTo(request));
        if (answered === answersPerConnection) socket.end();
      }
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/f.bin`, outAtOnce };
}

function answerTo(request: string): Buffer {
  const [, from = '0', to = '0'] = /Range: bytes=(\d+)-(\d+)/.exec(request) ?? [];
  const body = file.subarray(Number(from), Number(to) + 1);
  const head = `HTTP/1.1 206 Partial Content\r\nContent-Length: ${body.length}\r\nContent-Range: bytes ${from}-${to}/${file.length}\r\nETag: "1"\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

describe('a connection to an HTTP server', () => {
  test('is kept for range after range', async () => {
    const server = await HttpTestServer.start({ file });
    const handler = await connected(server.url);
    for (let i = 0; i < 5; i += 1) {
      handler.connection.request(i, i * 1000, i * 1000 + 1000);
      await handler.whenEnded(i);
    }
    expect(server.connections).toBe(1);
    expectBytes(handler, 0, 5000);
    handler.closeIt();
  });

  test('is given the next request before the answer is over, once the server has shown that it can', async () => {
    const server = await HttpTestServer.start({ file });
    const handler = await connected(server.url);
    handler.roomBytes = 1000;
    handler.connection.request(1, 0, 20_000_000);
    handler.connection.request(2, 20_000_000, 30_000_000);
    await handler.whenFull();
    expect(handler.order).toEqual([]);
    handler.roomBytes = Infinity;
    handler.connection.resume();
    await handler.whenEnded(2);
    handler.connection.request(3, 30_000_000, 35_000_000);
    handler.connection.request(4, 35_000_000, 36_000_000);
    handler.connection.request(5, 36_000_000, 37_000_000);
    await handler.whenEnded(5);
    expect(server.connections).toBe(1);
    expectBytes(handler, 0, 37_000_000);
    handler.closeIt();
  });

  test('has several requests out at once then', async () => {
    const server = await rawServer(Infinity);
    const handler = await connected(server.url);
    handler.connection.request(1, 0, 1000);
    handler.connection.request(2, 1000, 2000);
    await handler.whenEnded(2);
    for (let i = 3; i < 7; i += 1) handler.connection.request(i, i * 1000, i * 1000 + 1000);
    await handler.whenEnded(6);
    expectBytes(handler, 3000, 7000);
    expect(Math.max(...server.outAtOnce)).toBeGreaterThan(1);
    handler.closeIt();
  });

  test.each([1, 2, 3])('is replaced without a fault where the server ends it after %i answers', async (answers) => {
    const server = await rawServer(answers);
    const handler = await connected(server.url);
    for (let i = 0; i < 10; i += 1) handler.connection.request(i, i * 1000, i * 1000 + 1000);
    await handler.whenEnded(9);
    expect(handler.order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expectBytes(handler, 0, 10_000);
    expect(handler.calls).toEqual(['connected', 'ready']);
    handler.closeIt();
  });

  test('is replaced where much of a trimmed range is left, and kept where little is', async () => {
    const server = await HttpTestServer.start({ file });
    const handler = await connected(server.url);
    const trimAt = async (segment: number, start: number, end: number, cut: number): Promise<void> => {
      handler.receivedBytes = 0;
      handler.roomBytes = 1000;
      handler.connection.request(segment, start, end);
      await handler.whenFull();
      handler.connection.trim(segment, cut);
      handler.roomBytes = Infinity;
      handler.connection.resume();
      const reached = await handler.whenEnded(segment);
      expect(reached).toBeGreaterThanOrEqual(cut);
      expectBytes(handler, start, reached);
    };
    await trimAt(1, 0, 1_000_000, 900_000);
    handler.connection.request(2, 1_000_000, 1_100_000);
    await handler.whenEnded(2);
    expect(server.connections).toBe(1);
    await trimAt(3, 2_000_000, file.length, 3_000_000);
    handler.connection.request(4, 3_000_000, 4_000_000);
    await handler.whenEnded(4);
    expect(server.connections).toBe(2);
    handler.closeIt();
  });

  test('that was idle when the server ended it is opened again for the next range', async () => {
    const server = await HttpTestServer.start({ file });
    const handler = await connected(server.url);
    handler.connection.request(1, 0, 1000);
    await handler.whenEnded(1);
    server.cutAll();
    handler.connection.request(2, 1000, 2000);
    await handler.whenEnded(2);
    expect(server.connections).toBe(2);
    expectBytes(handler, 0, 2000);
    handler.closeIt();
  });

  test('asks for the facts once, not again on further connections', async () => {
    const server = await HttpTestServer.start({ file });
    const source = httpSourceAt(server.url);
    const first = new RecordingHandler(file.length);
    first.use(source.connect(first, timing));
    await first.whenReady();
    const second = new RecordingHandler(file.length);
    second.use(source.connect(second, timing));
    await second.whenReady();
    expect(server.asks.length).toBe(1);
    second.connection.request(1, 0, 1000);
    await second.whenEnded(1);
    expect(server.asks[1]?.headers['if-range']).toBe('"v1"');
    first.closeIt();
    second.closeIt();
  });
});
