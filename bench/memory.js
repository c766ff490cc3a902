// @ts-check
// `npm run bench -- memory [--gib 1] [--sparse] [--counts 1,4,16,32] [--pipes] [--dir FOLDER]`
// Peak memory of whole processes (VmHWM, so Linux only): one client, and all servers as one process, for a file of so
// many GiB. A sparse file has bytes in a few places only; the output has them all. Compares each output with the file,
// and exits with 1 where a limit is broken. With --pipes also a client that writes to a pipe (`-o -`), whose reader is fast,
// or takes 100 MB/s.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startServers } from './serve-process.js';
import { writeNoise } from './test-file.js';
import { timeProcess } from './timed-process.js';
import { commandPath } from '../scripts/command-path.js';

const gib = 1024 ** 3;
const clientMiBMax = 150;
const pipeMiBMax = 120;
const slowBytesPerSec = 100e6;
/** @param {number} servers */
const serversMiBMax = (servers) => 80 + 15 * servers;

/** @param {string[]} args */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      gib: { type: 'string', default: '1' },
      sparse: { type: 'boolean', default: false },
      counts: { type: 'string', default: '1,4,16,32' },
      pipes: { type: 'boolean', default: false },
      dir: { type: 'string', default: os.tmpdir() },
    },
  });
  if (!fs.existsSync('/proc/self/status')) throw new Error('this system does not tell the peak memory of a process');
  const sizeBytes = Math.round(Number(values.gib) * gib);
  const folder = fs.mkdtempSync(path.join(values.dir, 'manyget-memory-'));
  const file = path.join(folder, 'data.bin');
  process.stdout.write(
    `peak memory for ${values.sparse ? 'a sparse' : 'a'} file of ${values.gib} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n` +
      'servers   client MiB (limit)   servers MiB (limit)   wall s\n',
  );
  let broken = 0;
  try {
    if (values.sparse) makeSparse(file, sizeBytes);
    else writeNoise(file, sizeBytes);
    for (const count of values.counts.split(',').map(Number)) {
      broken += await measure(file, count, folder);
      if (values.pipes) broken += await measurePipes(file, count, folder);
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
  return broken === 0 ? 0 : 1;
}

/**
 * @param {string} file
 * @param {number} count
 * @param {string} folder
 * @returns {Promise<number>} How many limits were broken.
 */
async function measure(file, count, folder) {
  const out = path.join(folder, 'out.bin');
  const servers = await startServers(file, count, path.join(folder, 'cache'));
  try {
    const { urls } = servers;
    const { wallS, peakMiB } = await timeProcess([process.execPath, commandPath, 'get', '--quiet', '-o', out, ...urls]);
    const serversMiB = peakOf(servers.pid);
    if (!isSame(file, out)) throw new Error(`the output of ${count} servers differs from the file`);
    const limit = serversMiBMax(count);
    const client = `${peakMiB.toFixed(0)} (${clientMiBMax})`;
    process.stdout.write(
      `${String(count).padStart(7)}${client.padStart(21)}${`${serversMiB.toFixed(0)} (${limit})`.padStart(22)}${wallS.toFixed(1).padStart(9)}\n`,
    );
    return (peakMiB < clientMiBMax ? 0 : 1) + (serversMiB < limit ? 0 : 1);
  } finally {
    await servers.stop();
    fs.rmSync(out, { force: true });
  }
}

/**
 * @param {string} file
 * @param {number} count
 * @param {string} folder
 * @returns {Promise<number>} How many limits were broken.
 */
async function measurePipes(file, count, folder) {
  const expected = createHash('sha256');
  for await (const chunk of fs.createReadStream(file)) expected.update(chunk);
  const digest = expected.digest('hex');
  const servers = await startServers(file, count, path.join(folder, 'cache'));
  let broken = 0;
  try {
    for (const rate of [Infinity, slowBytesPerSec]) {
      const { wallS, peakMiB, sha256 } = await readPipe(servers.urls, rate);
      if (sha256 !== digest) throw new Error(`what ${count} servers gave through a pipe differs from the file`);
      const client = `${peakMiB.toFixed(0)} (${pipeMiBMax})`;
      const reader = rate === Infinity ? 'to a fast pipe' : 'to a slow pipe';
      process.stdout.write(
        `${String(count).padStart(7)}${client.padStart(21)}${reader.padStart(22)}${wallS.toFixed(1).padStart(9)}\n`,
      );
      broken += peakMiB < pipeMiBMax ? 0 : 1;
    }
  } finally {
    await servers.stop();
  }
  return broken;
}

/**
 * @param {readonly string[]} urls
 * @param {number} bytesPerSec What the reader takes at most.
 */
async function readPipe(urls, bytesPerSec) {
  const startMs = Date.now();
  const words = [commandPath, 'get', '--quiet', '-o', '-', ...urls];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const hash = createHash('sha256');
  let peakMiB = 0;
  let bytes = 0;
  for await (const chunk of child.stdout) {
    hash.update(chunk);
    bytes += chunk.length;
    peakMiB = Math.max(peakMiB, peakOf(child.pid ?? 0) || 0);
    const aheadMs = (bytes / bytesPerSec) * 1000 - (Date.now() - startMs);
    if (aheadMs > 5) await wait(aheadMs);
  }
  const status = await ended;
  if (status !== 0) throw new Error(`manyget get -o - ended with ${status}`);
  return { wallS: (Date.now() - startMs) / 1000, peakMiB, sha256: hash.digest('hex') };
}

/**
 * @param {number} pid
 * @returns {number} MiB.
 */
function peakOf(pid) {
  // A process that has ended has no memory, or no file.
  const file = `/proc/${pid}/status`;
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  return Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? NaN) / 1024;
}

/**
 * @param {string} file
 * @param {number} sizeBytes
 */
function makeSparse(file, sizeBytes) {
  const fd = fs.openSync(file, 'w');
  fs.ftruncateSync(fd, sizeBytes);
  for (let i = 0; i < 100; i += 1) {
    fs.writeSync(fd, Buffer.from(`mark ${i} of this file`), 0, undefined, Math.floor((i / 100) * sizeBytes));
  }
  fs.closeSync(fd);
}

/**
 * @param {string} first
 * @param {string} second
 */
function isSame(first, second) {
  const files = [first, second].map((name) => ({ fd: fs.openSync(name, 'r'), block: Buffer.allocUnsafe(1024 * 1024) }));
  try {
    for (;;) {
      const [a, b] = files.map(({ fd, block }) => block.subarray(0, fs.readSync(fd, block)));
      if (a === undefined || b === undefined || !a.equals(b)) return false;
      if (a.length === 0) return true;
    }
  } finally {
    for (const { fd } of files) fs.closeSync(fd);
  }
}
