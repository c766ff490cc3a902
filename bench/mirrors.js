// @ts-check
// `npm run bench -- mirrors [--seeds 100] [--first 1] [--mib 1024] [--servers 4] [--rounds 0] [--rate MIB]`: plain HTTP
// servers of one file, without hashes. In each seed one of them, at random, has other bytes in one block of 64 KiB
// somewhere (at a multiple of 64 KiB where the seed is even, anywhere where it is odd). Counts how often it was named and
// how often the file came out right. `--rounds` measures what that costs: downloads in turns with and without it.
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, openSync, readSync, closeSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { download } from '../dist/index.js';
import { randomFrom } from '../scripts/seeded-random.js';
import { median } from './timed-process.js';

const mib = 1024 * 1024;
const blockBytes = 64 * 1024;
/** @param {Worker} worker @returns {Promise<any>} */
const next = (worker) => new Promise((resolve) => worker.once('message', resolve));

/** @param {SharedArrayBuffer} file @param {string} path */
function isRight(file, path) {
  const sizeBytes = file.byteLength;
  const block = Buffer.alloc(4 * mib);
  const truth = Buffer.from(file);
  const fd = openSync(path, 'r');
  try {
    for (let at = 0; at < sizeBytes; at += block.length) {
      const got = readSync(fd, block, 0, block.length, at);
      if (!block.subarray(0, got).equals(truth.subarray(at, at + got))) return false;
    }
    return true;
  } finally {
    closeSync(fd);
  }
}

/** A file in shared memory, no two of its blocks alike. @param {number} sizeBytes */
function makeFile(sizeBytes) {
  const file = new SharedArrayBuffer(sizeBytes);
  const unit = randomFillSync(Buffer.alloc(mib));
  const all = Buffer.from(file);
  for (let at = 0; at < sizeBytes; at += unit.length) {
    unit.copy(all, at);
    for (let word = at; word < Math.min(sizeBytes, at + unit.length); word += 64) all.writeUInt32LE(word >>> 6, word);
  }
  return file;
}

/** @param {SharedArrayBuffer} file @param {number} count @param {number} bytesPerSec */
async function start(file, count, bytesPerSec) {
  const worker = new Worker(new URL('./mirrors-server.js', import.meta.url), {
    workerData: { file, count, bytesPerSec, isLineShared: false },
  });
  const { ports } = await next(worker);
  return { worker, urls: ports.map((/** @type {number} */ port) => `http://127.0.0.1:${port}/file.bin`) };
}

/** @param {readonly string[]} urls @param {string} out @param {boolean} verify */
async function fetchOnce(urls, out, verify) {
  const startedAtMs = performance.now();
  const handle = download({
    sources: urls,
    output: out,
    overwrite: true,
    resume: false,
    verify,
    http: { netrc: false, proxy: {} },
  });
  let error;
  try {
    await handle.done;
  } catch (e) {
    error = /** @type {Error & { code?: string }} */ (e);
  }
  return { handle, error, ms: performance.now() - startedAtMs };
}

/**
 * @param {string[]} args
 * @returns {Promise<number>} The exit status.
 */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: 'string', default: '100' },
      first: { type: 'string', default: '1' },
      mib: { type: 'string', default: '1024' },
      servers: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '0' },
      rate: { type: 'string', default: '40' },
    },
  });
  const file = makeFile(Number(values.mib) * mib);
  const count = Number(values.servers);
  const folder = mkdtempSync(join(tmpdir(), 'manyget-mirrors-'));
  const world = { file, count, out: join(folder, 'out') };
  try {
    const totals = await nameTheOdd(world, Number(values.first), Number(values.seeds));
    if (Number(values.rounds) > 0) await timeBoth(world, Number(values.rate), Number(values.rounds));
    return totals.wrong > 0 || totals.named < totals.seeds * 0.99 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @typedef {{ readonly file: SharedArrayBuffer, readonly count: number, readonly out: string }} World */

/**
 * A download for each seed, of which one server is odd.
 * @param {World} world
 * @param {number} first
 * @param {number} seeds
 */
async function nameTheOdd({ file, count, out }, first, seeds) {
  const { worker, urls } = await start(file, count, 0);
  const sizeMib = file.byteLength / mib;
  const totals = { seeds, named: 0, right: 0, refused: 0, wrong: 0, sampleBytes: 0 };
  /** @type {number[]} */
  const seedMs = [];
  for (let seed = first; seed < first + seeds; seed += 1) {
    const odd = oddServer(seed, count, file.byteLength);
    worker.postMessage({ odd });
    await next(worker);
    const { handle, error, ms } = await fetchOnce(urls, out, true);
    seedMs.push(ms);
    worker.postMessage({});
    const { sampleBytes } = await next(worker);
    // The list of events keeps only the last ones.
    const accused = handle.snapshot().sources.filter((source) => source.state === 'quarantined');
    const isNamed = accused.length === 1 && accused[0]?.id === odd.server;
    const isGood = error === undefined && isRight(file, out);
    totals.named += isNamed ? 1 : 0;
    totals.right += isGood ? 1 : 0;
    totals.refused += error?.code === 'sources-disagree' ? 1 : 0;
    totals.sampleBytes += sampleBytes;
    if (!isGood && error === undefined) totals.wrong += 1;
    if (!isNamed || !isGood) {
      process.stdout.write(
        `seed ${seed}: ${isNamed ? 'named' : 'not named'}, ${isGood ? 'right' : (error?.message ?? 'WRONG')}; ` +
          `again: npm run bench -- mirrors --first ${seed} --seeds 1 --mib ${sizeMib}\n`,
      );
    }
  }
  await worker.terminate();
  if (seeds > 0) {
    const share = (totals.sampleBytes / seeds / file.byteLength) * 100;
    process.stdout.write(
      `${count} servers, ${sizeMib} MiB, seeds ${first} to ${first + seeds - 1}: the odd one named in ${totals.named}, ` +
        `the file right in ${totals.right}, refused in ${totals.refused}, wrong under its final name in ${totals.wrong}; ` +
        `samples cost ${share.toFixed(2)}% of the bytes; ${(median(seedMs) / 1000).toFixed(2)} s each in the median\n`,
    );
  }
  return totals;
}

/**
 * Which server is odd in a seed's world, where, and what it has there.
 * @param {number} seed
 * @param {number} count
 * @param {number} sizeBytes
 */
function oddServer(seed, count, sizeBytes) {
  const random = randomFrom(seed);
  const server = Math.floor(random() * count);
  const at = Math.floor(random() * (sizeBytes - blockBytes));
  const block = Buffer.from(Array.from({ length: blockBytes }, () => Math.floor(random() * 256)));
  return { server, start: seed % 2 === 0 ? at - (at % blockBytes) : at, block };
}

/**
 * What the comparison costs: downloads in turns with and without it.
 * @param {World} world
 * @param {number} rateMib A connection's; 0: without a limit.
 * @param {number} rounds
 */
async function timeBoth({ file, count, out }, rateMib, rounds) {
  const { worker, urls } = await start(file, count, rateMib * mib);
  /** @type {{ with: number[], without: number[] }} */
  const times = { with: [], without: [] };
  for (let i = 0; i < rounds; i += 1) {
    for (const kind of /** @type {const} */ (['with', 'without'])) {
      const { ms, error } = await fetchOnce(urls, out, kind === 'with');
      if (error !== undefined) throw error;
      times[kind].push(ms);
    }
  }
  await worker.terminate();
  const [a, b] = [median(times.with), median(times.without)];
  const speed = rateMib === 0 ? 'as fast as loopback goes' : `${rateMib} MiB/s a connection`;
  process.stdout.write(
    `${speed}, ${rounds} rounds: ${(a / 1000).toFixed(2)} s with the comparison, ${(b / 1000).toFixed(2)} s without: ${((a / b - 1) * 100).toFixed(1)}%\n`,
  );
}
