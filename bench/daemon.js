// @ts-check
// `npm run bench -- daemon [--queued 1000] [--pages 50] [--seconds 20] [--mib 512]`: a daemon with so many downloads, of which
// five run as fast as this machine can, while so many pages look on, each as a browser's does: one stream of events with
// the map of a running download, and each second its details; and while five front ends for aria2 ask each second what
// they ask. Prints the daemon's memory and how long answers took; exits with 1 where a limit is broken.
import { fork } from 'node:child_process';
import fs from 'node:fs';
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
 * @typedef {import('./daemon-lookers.js').Looked & { rssMiB: number, downloadedMiB: number, seconds: number }} Seen
 */

/**
 * @param {RunningDaemon} daemon
 * @param {string} rate As aria2 takes it.
 */
async function limit(daemon, rate) {
  await rpc(daemon, 'aria2.changeGlobalOption', [{ 'max-overall-download-limit': rate }]);
}

/**
 * @param {RunningDaemon} daemon
 * @param {string} method
 * @param {unknown[]} params
 */
function rpc(daemon, method, params) {
  return daemon.api('/jsonrpc', { jsonrpc: '2.0', id: 1, method, params: [`token:${daemon.token}`, ...params] });
}

/**
 * @param {RunningDaemon} daemon
 * @param {string} folder
 * @param {number} pages
 * @param {number} seconds
 * @returns {Promise<Seen>}
 */
async function look(daemon, folder, pages, seconds) {
  const lookers = fork(new URL('./daemon-lookers.js', import.meta.url));
  /** @type {Promise<import('./daemon-lookers.js').Looked>} */
  const looked = new Promise((resolve, reject) => {
    lookers.once('message', resolve);
    lookers.once('exit', (code) => reject(new Error(`those who look ended with ${code}`)));
  });
  let isOver = false;
  const over = () => (isOver = true);
  looked.then(over, over);
  const memory = { rssMiB: 0, downloadedMiB: 0 };
  lookers.send({ port: daemon.port, token: daemon.token, pages, frontEnds, seconds, running: [] });
  while (!isOver) {
    const status = fs.readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
    memory.rssMiB = Math.max(memory.rssMiB, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    memory.downloadedMiB += clear(path.join(folder, 'downloads'));
    const active = /** @type {{ result: { gid: string }[] }} */ (await rpc(daemon, 'aria2.tellActive', [['gid']]));
    if (lookers.connected) lookers.send(active.result.map(({ gid }) => gid));
    await delay(200);
  }
  return { ...(await looked), ...memory, seconds };
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
 * @param {Seen} seen
 * @returns {number} The exit status.
 */
function report(seen) {
  const all = seen.times.flatMap(([, times]) => times);
  process.stdout.write(`${'answers'.padEnd(24)}    count   median      p99      max   (ms)\n`);
  for (const [what, times] of [...seen.times, /** @type {const} */ (['all', all])]) {
    const sorted = [...times].sort((a, b) => a - b);
    const at = (/** @type {number} */ share) =>
      (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1).padStart(9);
    process.stdout.write(`${what.padEnd(24)}${String(times.length).padStart(9)}${at(0.5)}${at(0.99)}${at(1)}\n`);
  }
  const p99 = [...all].sort((a, b) => a - b)[Math.floor(all.length * 0.99)] ?? 0;
  process.stdout.write(
    `memory of the daemon: ${seen.rssMiB.toFixed(0)} MiB at most (${rssMiBMax}); p99 ${p99.toFixed(0)} ms (${p99MsMax}); ` +
      `downloaded ${(seen.downloadedMiB / seen.seconds).toFixed(0)} MiB/s, events ${(seen.streamedMiB / seen.seconds).toFixed(1)} MiB/s; ` +
      `those who look were held up themselves for ${seen.ownDelayMs.toFixed(0)} ms at p99\n`,
  );
  return seen.rssMiB < rssMiBMax && p99 < p99MsMax ? 0 : 1;
}
