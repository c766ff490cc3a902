// @ts-check
// A worker of `bench/mirrors.js`: plain HTTP servers without hashes, tags or dates, over one file in shared memory; one
// of them has another block somewhere. Answers one range, or many with a multipart body, as nginx does.
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';

/** A speed of 0 is none set; it is one connection's, or where they share a line, one server's. @type {{ file: SharedArrayBuffer, count: number, bytesPerSec: number, isLineShared: boolean }} */
const { file, count, bytesPerSec, isLineShared } = workerData;
const bytes = Buffer.from(file);
const boundary = '00000000000000000007';
/** @type {{ server: number, start: number, block: Buffer } | undefined} */
let odd;
/** Bytes of answers to many ranges at once, heads included, and of those questions. */
let sampleBytes = 0;
let samples = 0;

/** @param {number} server @param {number} start @param {number} end */
function slice(server, start, end) {
  const part = bytes.subarray(start, end);
  if (odd === undefined || odd.server !== server) return part;
  const from = Math.max(start, odd.start);
  const to = Math.min(end, odd.start + odd.block.length);
  if (from >= to) return part;
  const copy = Buffer.from(part);
  odd.block.copy(copy, from - start, from - odd.start, to - odd.start);
  return copy;
}

/** When a line is free again, of a server or of a connection. @type {WeakMap<object, number>} */
const freeAtMs = new WeakMap();
/**
 * At the line's speed. It makes up for 50 ms of its own lateness.
 * @param {import('node:http').ServerResponse} response
 * @param {Buffer} body
 * @param {object} line
 */
function send(response, body, line) {
  if (bytesPerSec === 0) return void response.end(body);
  const step = 64 * 1024;
  let at = 0;
  const go = () => {
    while (!response.destroyed && at < body.length) {
      const nowMs = performance.now();
      const freeMs = Math.max(freeAtMs.get(line) ?? 0, nowMs - 50);
      if (freeMs > nowMs) return void setTimeout(go, freeMs - nowMs);
      const part = body.subarray(at, at + step);
      freeAtMs.set(line, freeMs + (part.length / bytesPerSec) * 1000);
      response.write(part);
      at += part.length;
    }
    response.end();
  };
  go();
}

/** @type {number[]} */
const ports = [];
for (let n = 0; n < count; n += 1) {
  const server = createServer((request, response) => {
    const line = isLineShared ? server : request.socket;
    const specs = /^bytes=([\d,-]+)$/.exec(request.headers.range ?? '')?.[1]?.split(',') ?? [];
    const ranges = specs.map((spec) => spec.split('-').map(Number)).map(([a = 0, b = 0]) => [a, b + 1]);
    const type = 'application/octet-stream';
    const [first] = ranges;
    if (first === undefined) {
      response.writeHead(200, { 'Content-Type': type, 'Content-Length': bytes.length, 'Accept-Ranges': 'bytes' });
      return send(response, bytes, line);
    }
    if (ranges.length === 1) {
      const [start = 0, end = 0] = first;
      const headers = { 'Content-Type': type, 'Content-Length': end - start };
      response.writeHead(206, { ...headers, 'Content-Range': `bytes ${start}-${end - 1}/${bytes.length}` });
      return send(response, slice(n, start, end), line);
    }
    const parts = ranges.flatMap(([start = 0, end = 0]) => [
      Buffer.from(
        `\r\n--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: bytes ${start}-${end - 1}/${bytes.length}\r\n\r\n`,
      ),
      slice(n, start, end),
    ]);
    const body = Buffer.concat([...parts, Buffer.from(`\r\n--${boundary}--\r\n`)]);
    sampleBytes += body.length + 250 + (request.headers.range ?? '').length + 200;
    samples += ranges.length;
    response.writeHead(206, {
      'Content-Type': `multipart/byteranges; boundary=${boundary}`,
      'Content-Length': body.length,
    });
    send(response, body, line);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => {
    ports.push(/** @type {import('node:net').AddressInfo} */ (server.address()).port);
    if (ports.length === count) parentPort?.postMessage({ ports });
  });
}

parentPort?.on('message', (message) => {
  if (message.odd !== undefined) {
    odd = message.odd === null ? undefined : { ...message.odd, block: Buffer.from(message.odd.block) };
  }
  parentPort?.postMessage({ sampleBytes, samples });
  sampleBytes = 0;
  samples = 0;
});
