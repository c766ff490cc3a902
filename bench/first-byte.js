// @ts-check
// `npm run bench -- first-byte [--mib 256] [--repeat 9] [--counts 1,4,16] [--dir FOLDER]`
// Times whole processes over loopback from their start to the first byte in the part file: from our servers, native and over
// HTTP (where a Metalink is read before the first byte is asked for), and from nginx where it is installed. Beside it what
// Node itself takes to write a byte, and a user's first run, which has no code of an earlier one (docs/adr/0032-kept-code.md).
// Prints least, median and most of the runs, interleaved.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { commandPath } from '../scripts/command-path.js';
import { machineLine } from './compare-tools.js';
import { startNginx } from './nginx.js';
import { startServers } from './serve-process.js';
import { writeNoise } from './test-file.js';
import { hasCommand } from './timed-process.js';

const firstByteMsMax = 150;
const lookEachMs = 1;
/** Noise has no run of zeros as long as this. */
const lookBytes = 16;

/** @param {string[]} args */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      mib: { type: 'string', default: '256' },
      repeat: { type: 'string', default: '9' },
      counts: { type: 'string', default: '1,4,16' },
      dir: { type: 'string', default: os.tmpdir() },
    },
  });
  const counts = values.counts.split(',').map(Number);
  const folder = fs.mkdtempSync(path.join(values.dir, 'manyget-first-byte-'));
  const file = path.join(folder, 'data.bin');
  const sizeBytes = Number(values.mib) * 1024 * 1024;
  writeNoise(file, sizeBytes);
  const servers = await startServers(file, Math.max(...counts), path.join(folder, 'cache'));
  const cache = path.join(folder, 'code');
  // Runs that are killed at their first byte keep no code.
  spawnSync(process.execPath, [commandPath, '--version'], { env: { ...process.env, XDG_CACHE_HOME: cache } });
  const nginx = hasCommand('nginx') ? await startNginx(folder) : undefined;
  try {
    const first = { NODE_DISABLE_COMPILE_CACHE: '1' };
    /** @type {{ name: string, urls: string[], env?: Record<string, string> }[]} */
    const kinds = counts.flatMap((count) => [
      { name: `${count} native`, urls: servers.urls.slice(0, count) },
      { name: `${count} HTTP`, urls: servers.urls.slice(0, count).map((url) => url.replace(/^mgp:/, 'http:')) },
    ]);
    kinds.push({ name: '1 native, first run', urls: servers.urls.slice(0, 1), env: first });
    if (nginx !== undefined) kinds.push({ name: '1 HTTP, nginx', urls: [`${nginx.plain}/data.bin`] });
    process.stdout.write(`first byte in the part file, ${machineLine()}\n`);
    /** @type {Map<string, number[]>} */
    const times = new Map();
    const note = (/** @type {string} */ name, /** @type {number} */ ms) =>
      times.set(name, [...(times.get(name) ?? []), ms]);
    for (let i = 0; i < Number(values.repeat); i += 1) {
      note('Node, one write', await nodeAloneMs(folder));
      for (const { name, urls, env } of kinds) {
        note(name, await firstByteMs(urls, path.join(folder, 'out.bin'), sizeBytes, { ...env, XDG_CACHE_HOME: cache }));
      }
    }
    let broken = 0;
    for (const [name, all] of times) {
      const sorted = all.sort((a, b) => a - b);
      const [least, median, most] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)].map((ms) => ms ?? NaN);
      const show = (/** @type {number | undefined} */ ms) => `${(ms ?? NaN).toFixed(0)} ms`.padStart(9);
      process.stdout.write(`${name.padEnd(20)} least ${show(least)}  median ${show(median)}  most ${show(most)}\n`);
      if ((median ?? NaN) > firstByteMsMax) broken += 1;
    }
    return broken === 0 ? 0 : 1;
  } finally {
    await servers.stop();
    await nginx?.stop();
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * From the start of a process that only writes a byte until that is there: what no program in Node can be below.
 * @param {string} folder
 */
async function nodeAloneMs(folder) {
  const out = path.join(folder, 'one');
  fs.rmSync(out, { force: true });
  const startMs = performance.now();
  const child = spawn(process.execPath, ['-e', `require('node:fs').writeFileSync(${JSON.stringify(out)}, 'x')`]);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  while (!hasByte(out, [0])) await wait(lookEachMs);
  const ms = performance.now() - startMs;
  await ended;
  return ms;
}

/**
 * @param {readonly string[]} urls
 * @param {string} out
 * @param {number} sizeBytes
 * @param {Record<string, string>} env
 */
async function firstByteMs(urls, out, sizeBytes, env) {
  for (const suffix of ['', '.part', '.part.manyget']) fs.rmSync(out + suffix, { force: true });
  const startMs = performance.now();
  const child = spawn(process.execPath, [commandPath, 'get', '--quiet', '-o', out, ...urls], {
    stdio: 'ignore',
    env: { ...process.env, ...env },
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  // Each of n sources begins at an n-th of the file, at a whole piece.
  const begins = urls.map((_, i) => Math.round(((i / urls.length) * sizeBytes) / 2 ** 20) * 2 ** 20);
  while (child.exitCode === null && !hasByte(`${out}.part`, begins) && !hasByte(out, begins)) await wait(lookEachMs);
  const ms = performance.now() - startMs;
  child.kill('SIGKILL');
  await ended;
  return ms;
}

/**
 * @param {string} file
 * @param {readonly number[]} offsets
 */
function hasByte(file, offsets) {
  if (!fs.existsSync(file)) return false;
  const fd = fs.openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(lookBytes);
    return offsets.some((offset) => fs.readSync(fd, bytes, 0, lookBytes, offset) > 0 && bytes.some((b) => b !== 0));
  } finally {
    fs.closeSync(fd);
  }
}
