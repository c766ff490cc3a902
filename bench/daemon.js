// @ts-check
// `npm run bench -- daemon [--queued 1000] [--pages 50] [--seconds 20] [--mib 512]`: a daemon with so many downloads, of which
// five run as fast as this machine can, while so many pages look on, each as a browser's does: one stream of events with
// the map of a running download, and each second its details; and while five front ends for aria2 ask each second what
// they ask. Prints the daemon's memory and how long answers took; exits with 1 where a limit is broken.
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startDaemon } from '../scripts/daemon-process.js';
import { startServers } from './serve-process.js';
import { makeFile } from './test-file.js';

const rssMiBMax = 300;
const p99MsMax = 100;
const active = 5;
const frontEnds = 5;
const everyMs = 1000;

/** @param {string[]} args */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      queued: { type: 'string', default: '1000' },
      pages: { type: 'string', default: '50' },
      seconds: { type: 'string', default: '20' },
      mib: { type: 'string', default: '512' },
    },
  });
  const [queued, pages, seconds] = [Number(values.queued), Number(values.pages), Number(values.seconds)];
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'manyget-daemon-'));
  const file = path.join(folder, 'data.bin');
  makeFile(file, Number(values.mib));
  const servers = await startServers(file, 4, path.join(folder, 'cache'));
  const daemon = await startDaemon(folder, ['-j', String(active)]);
  try {
    const addedAt = performance.now();
    // At full speed what is there would be complete, and the disk full, before all are added.
    await limit(daemon, '1M');
    for (let n = 0; n < queued + active; n += 1) {
      await daemon.api('/api/downloads', { sources: servers.urls, options: { out: `file-${n}.bin` } });
    }
    await limit(daemon, '0');
    const model = os.cpus()[0]?.model.trim() ?? '';
    process.stdout.write(
      `${queued} downloads queued, ${active} running, ${pages} pages, ${frontEnds} front ends, ${seconds} s, ${model}, ${os.cpus().length} cores, ` +
        `Node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n` +
        `adding: ${((performance.now() - addedAt) / (queued + active)).toFixed(1)} ms each\n`,
    );
    return report(await look(daemon, folder, pages, seconds));
  } finally {
    await daemon.stop();
    await servers.stop();
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * @typedef {Awaited<ReturnType<typeof startDaemon>>} RunningDaemon
 * @typedef {{ what: Map<string, number[]>, rssMiB: number, downloadedMiB: number, seconds: number, streamedMiB: number }} Seen
 */

/**
 * @param {RunningDaemon} daemon
 * @param {string} rate As aria2 takes it.
 */
async function limit(daemon, rate) {
  const params = [`token:${daemon.token}`, { 'max-overall-download-limit': rate }];
  await daemon.api('/jsonrpc', { jsonrpc: '2.0', id: 1, method: 'aria2.changeGlobalOption', params });
}

/**
 * @param {RunningDaemon} daemon
 * @param {string} folder
 * @param {number} pages
 * @param {number} seconds
 * @returns {Promise<Seen>}
 */
async function look(daemon, folder, pages, seconds) {
  /** @type {Seen} */
  const seen = { what: new Map(), rssMiB: 0, downloadedMiB: 0, seconds, streamedMiB: 0 };
  const until = performance.now() + seconds * 1000;
  const agent = new http.Agent({ keepAlive: true, maxSockets: pages + frontEnds });
  const ask = async (/** @type {string} */ what, /** @type {string} */ at, /** @type {unknown} */ body) => {
    const from = performance.now();
    await get(daemon, agent, at, body);
    seen.what.set(what, [...(seen.what.get(what) ?? []), performance.now() - from]);
  };
  /** @type {http.ClientRequest[]} */
  const streams = [];
  /** @type {string[]} */
  let running = [];
  /** @param {number} n */
  const page = async (n) => {
    await delay((n * everyMs) / pages);
    await ask('page', '/', undefined);
    while (running.length === 0) await delay(50);
    let gid = '';
    while (performance.now() < until) {
      const next = running[n % Math.max(1, running.length)] ?? gid;
      if (next !== gid) {
        gid = next;
        streams[n]?.destroy();
        streams[n] = follow(daemon, gid, (bytes) => (seen.streamedMiB += bytes / 2 ** 20));
      }
      await ask('details', `/api/downloads/${gid}`, undefined);
      await delay(everyMs);
    }
    streams[n]?.destroy();
  };
  /** @param {number} n */
  const frontEnd = async (n) => {
    await delay((n * everyMs) / frontEnds);
    const token = `token:${daemon.token}`;
    const calls = [
      ['aria2.getGlobalStat', []],
      ['aria2.tellActive', []],
      ['aria2.tellWaiting', [0, 1000]],
      ['aria2.tellStopped', [-1, 1000]],
    ];
    while (performance.now() < until) {
      for (const [method, params] of calls) {
        const call = { jsonrpc: '2.0', id: 1, method, params: [token, .../** @type {unknown[]} */ (params)] };
        await ask(`RPC ${method}`, '/jsonrpc', call);
      }
      await ask('list', '/api/downloads', undefined);
      await delay(everyMs);
    }
  };
  const watch = async () => {
    while (performance.now() < until) {
      const items = /** @type {{ gid: string, state: string }[]} */ (await daemon.api('/api/downloads'));
      running = items.filter(({ state }) => state === 'active').map(({ gid }) => gid);
      const status = fs.readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
      seen.rssMiB = Math.max(seen.rssMiB, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      seen.downloadedMiB += clear(path.join(folder, 'downloads'));
      await delay(200);
    }
  };
  const all = [
    ...Array.from({ length: pages }, (_, n) => page(n)),
    ...Array.from({ length: frontEnds }, (_, n) => frontEnd(n)),
  ];
  await Promise.all([...all, watch()]);
  agent.destroy();
  return seen;
}

/**
 * Deletes what is complete, so that the disk holds it; returns how much that was, in MiB.
 * @param {string} downloads
 */
function clear(downloads) {
  let mib = 0;
  for (const name of fs.existsSync(downloads) ? fs.readdirSync(downloads) : []) {
    if (!name.endsWith('.bin')) continue;
    mib += fs.statSync(path.join(downloads, name)).size / 2 ** 20;
    fs.rmSync(path.join(downloads, name));
  }
  return mib;
}

/**
 * @param {RunningDaemon} daemon
 * @param {http.Agent} agent
 * @param {string} at
 * @param {unknown} body
 * @returns {Promise<void>}
 */
function get(daemon, agent, at, body) {
  const headers = { authorization: `Bearer ${daemon.token}` };
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const request = http.request({ port: daemon.port, path: at, headers, agent, method }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${at} was answered with ${response.statusCode}`));
      });
    });
    // A kept connection may end just as it is used again; a browser asks once more then, too.
    request.on('error', (error) => {
      if (request.reusedSocket) get(daemon, agent, at, body).then(resolve, reject);
      else reject(error);
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/**
 * @param {RunningDaemon} daemon
 * @param {string} gid
 * @param {(bytes: number) => void} onBytes
 */
function follow(daemon, gid, onBytes) {
  const headers = { authorization: `Bearer ${daemon.token}` };
  const at = `/api/events?gid=${gid}&cells=800`;
  const request = http.get({ port: daemon.port, path: at, headers, agent: false }, (response) => {
    response.on('data', (/** @type {Buffer} */ chunk) => onBytes(chunk.length));
  });
  // It is ended by us.
  request.on('error', () => undefined);
  return request;
}

/**
 * @param {Seen} seen
 * @returns {number} The exit status.
 */
function report(seen) {
  const all = [...seen.what.values()].flat();
  process.stdout.write(`${'answers'.padEnd(24)}    count   median      p99      max   (ms)\n`);
  for (const [what, times] of [...seen.what, /** @type {const} */ (['all', all])]) {
    const sorted = [...times].sort((a, b) => a - b);
    const at = (/** @type {number} */ share) =>
      (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1).padStart(9);
    process.stdout.write(`${what.padEnd(24)}${String(times.length).padStart(9)}${at(0.5)}${at(0.99)}${at(1)}\n`);
  }
  const p99 = [...all].sort((a, b) => a - b)[Math.floor(all.length * 0.99)] ?? 0;
  process.stdout.write(
    `memory of the daemon: ${seen.rssMiB.toFixed(0)} MiB at most (${rssMiBMax}); p99 ${p99.toFixed(0)} ms (${p99MsMax}); ` +
      `downloaded ${(seen.downloadedMiB / seen.seconds).toFixed(0)} MiB/s, events ${(seen.streamedMiB / seen.seconds).toFixed(1)} MiB/s\n`,
  );
  return seen.rssMiB < rssMiBMax && p99 < p99MsMax ? 0 : 1;
}
