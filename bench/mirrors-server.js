// @ts-check
// A worker of `bench/mirrors.js`: plain HTTP servers without hashes, tags or dates, over one file in shared memory; one
// of them has another block somewhere. Answers one range, or many with a multipart body, as nginx does.
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';

/** @type {{ file: SharedArrayBuffer, count: number, bytesPerSec: number, serverBytesPerSec?: number }} */
const { file, count, bytesPerSec, serverBytesPerSec = 0 } = workerData;
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

/** When each server's line is free again. @type {number[]} */
const freeAtMs = new Array(count).fill(0);
/**
 * At the speed of the server's one line, which all of its connections share. It makes up for 50 ms of its own lateness.
 * @param {import('node:http').ServerResponse} response
 * @param {Buffer} body
 * @param {number} n
 */
function sendInTurn(response, body, n) {
  const step = 64 * 1024;
  let at = 0;
  const go = () => {
    while (!response.destroyed && at < body.length) {
      const nowMs = performance.now();
      const freeMs = Math.max(freeAtMs[n] ?? 0, nowMs - 50);
      if (freeMs > nowMs) return void setTimeout(go, freeMs - nowMs);
      const part = body.subarray(at, at + step);
      freeAtMs[n] = freeMs + (part.length / serverBytesPerSec) * 1000;
      response.write(part);
      at += part.length;
    }
    response.end();
  };
  go();
}

/** @param {import('node:http').ServerResponse} response @param {Buffer} body @param {number} n */
function send(response, body, n) {
  if (serverBytesPerSec > 0) sendInTurn(response, body, n);
  else sendSlowly(response, body);
}

/** @param {import('node:http').ServerResponse} response @param {Buffer} body */
function sendSlowly(response, body) {
  if (bytesPerSec === 0) return void response.end(body);
  const stepMs = 5;
  const step = Math.max(1, Math.floor((bytesPerSec * stepMs) / 1000));
  const startedAtMs = performance.now();
  let at = 0;
  const go = () => {
    if (response.destroyed) return;
    const due = Math.floor((performance.now() - startedAtMs) / stepMs + 1) * step;
    const end = Math.min(body.length, due);
    if (end > at) response.write(body.subarray(at, end));
    at = end;
    if (at < body.length) setTimeout(go, stepMs);
    else response.end();
  };
  go();
}

/** @type {number[]} */
const ports = [];
for (let n = 0; n < count; n += 1) {
  const server = createServer((request, response) => {
    const specs = /^bytes=([\d,-]+)$/.exec(request.headers.range ?? '')?.[1]?.split(',') ?? [];
    const ranges = specs.map((spec) => spec.split('-').map(Number)).map(([a = 0, b = 0]) => [a, b + 1]);
    const type = 'application/octet-stream';
    const [first] = ranges;
    if (first === undefined) {
      response.writeHead(200, { 'Content-Type': type, 'Content-Length': bytes.length, 'Accept-Ranges': 'bytes' });
      return send(response, bytes, n);
    }
    if (ranges.length === 1) {
      const [start = 0, end = 0] = first;
      const headers = { 'Content-Type': type, 'Content-Length': end - start };
      response.writeHead(206, { ...headers, 'Content-Range': `bytes ${start}-${end - 1}/${bytes.length}` });
      return send(response, slice(n, start, end), n);
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
    if (serverBytesPerSec > 0) sendInTurn(response, body, n);
    else response.end(body);
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
