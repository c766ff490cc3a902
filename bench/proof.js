// @ts-check
// `npm run bench -- proof [--mib 512] [--rounds 5] [--rate MIB]`: what it costs to prove the bytes. Four of our servers, and four plain HTTP
// servers without hashes, each with verification and without (--no-verify), in turns, the real command as a whole process after an untimed
// run. `--rate` limits each server, all of its connections together: 30 MiB/s are 1 Gbit/s from all four, samples included.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { writeNoise } from './test-file.js';
import { median, timeWarmProcess } from './timed-process.js';
import { commandPath } from '../scripts/command-path.js';

const mib = 1024 * 1024;
const serverCount = 4;
/** @param {string} file @param {string} folder @param {number} bytesPerSec */
async function startNative(file, folder, bytesPerSec) {
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
  const { serve } = await import('../dist/index.js');
  const fleet = await serve({
    paths: [file],
    ports: new Array(serverCount).fill(0),
    ...(bytesPerSec > 0 ? { rateLimits: [bytesPerSec] } : {}),
  });
  const urls = fleet.snapshot().servers.map((server) => `mgp://127.0.0.1:${server.port}/data.bin`);
  while (fleet.snapshot().files.some(({ hashed }) => hashed < 1))
    await new Promise((resolve) => setTimeout(resolve, 50));
  return { urls, stop: () => fleet.stop() };
}

/** @param {number} sizeBytes @param {number} bytesPerSec */
async function startPlain(sizeBytes, bytesPerSec) {
  const file = new SharedArrayBuffer(sizeBytes);
  const words = new Uint32Array(file);
  for (let i = 0; i < words.length; i += 1) words[i] = Math.imul(i + 1, 0x9e3779b1);
  const workerData = { file, count: serverCount, bytesPerSec, isLineShared: true };
  const worker = new Worker(new URL('./mirrors-server.js', import.meta.url), { workerData });
  /** @type {{ ports: number[] }} */
  const { ports } = await new Promise((resolve) => worker.once('message', resolve));
  return { urls: ports.map((port) => `http://127.0.0.1:${port}/data.bin`), stop: () => worker.terminate() };
}

/**
 * @param {string[]} args
 * @returns {Promise<number>} The exit status.
 */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      mib: { type: 'string', default: '512' },
      rounds: { type: 'string', default: '5' },
      rate: { type: 'string', default: '0' },
    },
  });
  const sizeMib = Number(values.mib);
  const bytesPerSec = Number(values.rate) * mib;
  const folder = mkdtempSync(join(tmpdir(), 'manyget-proof-'));
  const out = join(folder, 'out');
  process.stdout.write(
    `${sizeMib} MiB from ${serverCount} servers${bytesPerSec > 0 ? ` of ${values.rate} MiB/s each` : ''}, medians of ${values.rounds}\n`,
  );
  process.stdout.write('servers                 proved MiB/s   CPU s   --no-verify MiB/s   CPU s   time   CPU\n');
  try {
    const file = join(folder, 'data.bin');
    writeNoise(file, sizeMib * mib);
    for (const [name, start] of /** @type {const} */ ([
      ['ours, hashes of pieces', () => startNative(file, folder, bytesPerSec)],
      ['plain HTTP, samples', () => startPlain(sizeMib * mib, bytesPerSec)],
    ])) {
      const { urls, stop } = await start();
      /** @type {{ wallS: number[], cpuS: number[] }[]} */
      const figures = [
        { wallS: [], cpuS: [] },
        { wallS: [], cpuS: [] },
      ];
      for (let round = 0; round < Number(values.rounds); round += 1) {
        for (const [i, flags] of [[], ['--no-verify']].entries()) {
          const command = [
            process.execPath,
            commandPath,
            'get',
            '--quiet',
            '--overwrite',
            '-o',
            out,
            ...flags,
            ...urls,
          ];
          const { wallS, cpuS } = await timeWarmProcess(command, out);
          rmSync(out);
          figures[i]?.wallS.push(wallS);
          figures[i]?.cpuS.push(cpuS);
        }
      }
      await stop();
      const [proved, bare] = figures.map((f) => ({ wallS: median(f.wallS), cpuS: median(f.cpuS) }));
      if (proved === undefined || bare === undefined) throw new Error('nothing was measured');
      const speed = (/** @type {number} */ wallS) => (sizeMib / wallS).toFixed(0);
      const more = (/** @type {number} */ a, /** @type {number} */ b) =>
        `${a >= b ? '+' : ''}${((a / b - 1) * 100).toFixed(1)}%`;
      process.stdout.write(
        `${name.padEnd(22)} ${speed(proved.wallS).padStart(13)} ${proved.cpuS.toFixed(2).padStart(7)} ${speed(bare.wallS).padStart(19)} ` +
          `${bare.cpuS.toFixed(2).padStart(7)} ${more(proved.wallS, bare.wallS).padStart(7)} ${more(proved.cpuS, bare.cpuS).padStart(7)}\n`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return 0;
}
