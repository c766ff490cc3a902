// @ts-check
// `npm run bench -- http [--mib 1024] [--repeat 3] [--part clients|servers|all] [--dir FOLDER]`
// Whole processes over loopback, interleaved, medians. clients: manyget, aria2c and curl from one nginx worker, plain and
// over TLS, with ratios to aria2c. servers: curl and aria2c from our HTTP server and from nginx, with ratios to nginx; both
// state a Digest, so that aria2c hashes what it gets from either.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { serve } from '../dist/index.js';
import { startNginx } from './nginx.js';
import { makeFile, sha256 } from './test-file.js';
import { hasCommand, median, timeWarmProcess } from './timed-process.js';

const cli = path.resolve(import.meta.dirname, '../dist/cli/main.js');
const aria2 = ['aria2c', '-q', '--no-conf=true', '--file-allocation=none', '-k1M'];

/**
 * @typedef {import('./timed-process.js').Timing} Timing
 * @typedef {{ readonly name: string, readonly command: (out: string) => string[] }} Run
 * @typedef {{ readonly mib: number, readonly repeat: number, readonly file: string, readonly digest: string }} World
 */

/** @param {string[]} args */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      mib: { type: 'string', default: '1024' },
      repeat: { type: 'string', default: '3' },
      part: { type: 'string', default: 'all' },
      dir: { type: 'string', default: os.tmpdir() },
    },
  });
  for (const name of ['nginx', 'aria2c', 'curl']) {
    if (!hasCommand(name)) throw new Error(`${name} is not installed, and this bench compares with it`);
  }
  const folder = fs.mkdtempSync(path.join(values.dir, 'manyget-http-'));
  const file = path.join(folder, 'data.bin');
  const digest = makeFile(file, Number(values.mib));
  const world = { mib: Number(values.mib), repeat: Number(values.repeat), file, digest };
  const nginx = await startNginx(folder, { tls: true, digest });
  const model = os.cpus()[0]?.model.trim() ?? '';
  const date = new Date().toISOString().slice(0, 10);
  process.stdout.write(
    `${world.mib} MiB, median of ${world.repeat}, ${model}, ${os.cpus().length} cores, Node ${process.version}, ${date}\n`,
  );
  try {
    if (values.part !== 'servers') {
      await compare('from nginx, plain', clients(`${nginx.plain}/data.bin`), 'aria2c -x16', world);
      await compare('from nginx, TLS', clients(`${nginx.secure}/data.bin`, nginx.ca), 'aria2c -x16', world);
    }
    if (values.part !== 'clients') await compareServers(`${nginx.stating}/data.bin`, world);
    return 0;
  } finally {
    await nginx.stop();
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * @param {string} url
 * @param {string} [ca]
 * @returns {Run[]}
 */
function clients(url, ca) {
  const manyget = [process.execPath, cli, 'get', '--quiet', '--no-netrc', '--all-proxy', ''];
  const trust = ca === undefined ? [] : [`--ca-certificate=${ca}`];
  return [
    { name: 'manyget', command: (out) => [...manyget, ...trust, '-o', out, url] },
    { name: 'aria2c -x16', command: (out) => aria2Command(['-x16', '-s16', ...trust], out, url) },
    { name: 'curl', command: (out) => ['curl', '-s', ...(ca === undefined ? [] : ['--cacert', ca]), '-o', out, url] },
  ];
}

/**
 * @param {readonly string[]} options
 * @param {string} out
 * @param {string} url
 */
function aria2Command(options, out, url) {
  return [...aria2, ...options, '-d', path.dirname(out), '-o', path.basename(out), url];
}

/**
 * @param {string} nginxUrl
 * @param {World} world
 */
async function compareServers(nginxUrl, world) {
  const fleet = await serve({ paths: [world.file], ports: [0] });
  try {
    while (!fleet.snapshot().files.every((file) => file.hashed >= 1)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const ours = `http://127.0.0.1:${fleet.snapshot().servers[0]?.port ?? 0}/data.bin`;
    /** @type {readonly (readonly [string, (url: string) => Run['command']])[]} */
    const tools = [
      ['curl', (url) => (out) => ['curl', '-s', '-o', out, url]],
      ['aria2c -x4', (url) => (out) => aria2Command(['-x4', '-s4'], out, url)],
      ['aria2c -x16', (url) => (out) => aria2Command(['-x16', '-s16'], out, url)],
    ];
    for (const [name, command] of tools) {
      const runs = [
        { name: 'nginx', command: command(nginxUrl) },
        { name: 'manyget serve', command: command(ours) },
      ];
      await compare(`${name} as the client`, runs, 'nginx', world);
    }
  } finally {
    await fleet.stop();
  }
}

/**
 * @param {string} title
 * @param {readonly Run[]} runs
 * @param {string} base The one that ratios are to.
 * @param {World} world
 */
async function compare(title, runs, base, world) {
  const out = path.join(path.dirname(world.file), 'out.bin');
  /** @type {Map<string, Timing[]>} */
  const results = new Map(runs.map((one) => [one.name, []]));
  for (let i = 0; i < world.repeat; i += 1) {
    for (const one of runs) {
      const timing = await timeWarmProcess(one.command(out), out);
      if (i === 0 && sha256(out) !== world.digest) throw new Error(`${one.name} wrote other bytes than were served`);
      fs.rmSync(out);
      results.get(one.name)?.push(timing);
    }
  }
  const peer = results.get(base) ?? [];
  process.stdout.write(
    `\n${title}\n${''.padEnd(16)}   MiB/s    CPU s   peak MiB   throughput and CPU against ${base}\n`,
  );
  for (const [name, timings] of results) {
    const wall = median(timings.map((t) => t.wallS));
    const speed = median(timings.map((t, i) => (peer[i]?.wallS ?? NaN) / t.wallS));
    const cpu = median(timings.map((t, i) => t.cpuS / (peer[i]?.cpuS ?? NaN)));
    const peak = Math.max(...timings.map((t) => t.peakMiB));
    const figures = [(world.mib / wall).toFixed(0), median(timings.map((t) => t.cpuS)).toFixed(2), peak.toFixed(0)];
    const line = `${name.padEnd(16)}${figures.map((f) => f.padStart(9)).join('')}`;
    process.stdout.write(`${line}        ${speed.toFixed(2)}x, ${cpu.toFixed(2)}x\n`);
  }
}
