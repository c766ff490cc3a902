// @ts-check
// `npm run bench -- loopback [--mib 1024] [--repeat 3] [--counts 1,4,16] [--dir FOLDER]`
// Times whole processes over loopback, interleaved: manyget from its own servers (with and without verification),
// aria2c, curl and a plain C program (receiver.c) from nginx where they are installed. "+ sync": until the file is on the
// disk, as manyget's always is in the end. Prints medians, and each tool's ratio to aria2c.
import { spawnSync } from 'node:child_process';
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

/**
 * @typedef {import('./timed-process.js').Timing} Timing
 * @typedef {{ name: string, command: (count: number, out: string) => string[] }} Tool
 */

/** @param {string[]} args */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      mib: { type: 'string', default: '1024' },
      repeat: { type: 'string', default: '3' },
      counts: { type: 'string', default: '1,4,16' },
      dir: { type: 'string', default: os.tmpdir() },
    },
  });
  const counts = values.counts.split(',').map(Number);
  const folder = fs.mkdtempSync(path.join(values.dir, 'manyget-loopback-'));
  const file = path.join(folder, 'data.bin');
  const digest = makeFile(file, Number(values.mib));
  const fleet = await serve({ paths: [file], ports: new Array(Math.max(...counts)).fill(0) });
  const nginx = hasCommand('nginx') ? await startNginx(folder) : undefined;
  try {
    const urls = fleet.snapshot().servers.map((server) => `mgp://127.0.0.1:${server.port}/data.bin`);
    const receiver = nginx === undefined ? undefined : compileReceiver(folder);
    const tools = listTools(urls, nginx && `${nginx.plain}/data.bin`, receiver, Number(values.mib));
    await hashed(fleet);
    process.stdout.write(
      `${values.mib} MiB over loopback, ${os.cpus()[0]?.model.trim() ?? ''}, ${os.cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n`,
    );
    for (const count of counts) await compare(tools, count, Number(values.repeat), Number(values.mib), file, digest);
    return 0;
  } finally {
    await fleet.stop();
    await nginx?.stop();
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * @param {readonly string[]} urls
 * @param {string | undefined} nginxUrl
 * @param {string | undefined} receiver
 * @param {number} mib
 * @returns {Tool[]}
 */
function listTools(urls, nginxUrl, receiver, mib) {
  const base = [process.execPath, cli, 'get', '--quiet'];
  /** @type {Tool[]} */
  const tools = [
    { name: 'manyget', command: (n, out) => [...base, '-o', out, ...urls.slice(0, n)] },
    { name: 'manyget --no-verify', command: (n, out) => [...base, '--no-verify', '-o', out, ...urls.slice(0, n)] },
  ];
  if (nginxUrl !== undefined && hasCommand('aria2c')) {
    const fixed = ['aria2c', '-q', '--file-allocation=none', '-k1M'];
    tools.push({
      name: 'aria2c -x16 -s16',
      command: (_n, out) => [...fixed, '-x16', '-s16', '-d', path.dirname(out), '-o', path.basename(out), nginxUrl],
    });
  }
  if (nginxUrl !== undefined && hasCommand('curl')) {
    tools.push({ name: 'curl', command: (_n, out) => ['curl', '-s', '-o', out, nginxUrl] });
  }
  if (nginxUrl !== undefined && receiver !== undefined) {
    const { port, pathname } = new URL(nginxUrl);
    /** @type {Tool['command']} */
    const command = (n, out) => [receiver, port, pathname, String(mib * 1024 * 1024), String(n), out];
    const sync = 'out="${!#}"; "$@" && sync "$out"';
    tools.push({ name: 'C recv + pwrite', command });
    tools.push({ name: 'C ... + sync', command: (n, out) => ['bash', '-c', sync, 'sync', ...command(n, out)] });
  }
  return tools;
}

/**
 * The plain C program, compiled; undefined where there is no compiler.
 * @param {string} folder
 */
function compileReceiver(folder) {
  if (!hasCommand('cc')) return undefined;
  const binary = path.join(folder, 'receiver');
  const compiled = spawnSync('cc', ['-O2', '-o', binary, path.join(import.meta.dirname, 'receiver.c')]);
  if (compiled.status !== 0) throw new Error(`receiver.c does not compile: ${compiled.stderr.toString()}`);
  return binary;
}

/**
 * @param {readonly Tool[]} tools
 * @param {number} count
 * @param {number} repeat
 * @param {number} mib
 * @param {string} source The file that is served.
 * @param {string} digest Its SHA-256.
 */
async function compare(tools, count, repeat, mib, source, digest) {
  const folder = path.dirname(source);
  /** @type {Map<string, Timing[]>} */
  const results = new Map(tools.map((tool) => [tool.name, []]));
  for (let i = 0; i < repeat; i += 1) {
    for (const tool of tools) {
      const out = path.join(folder, 'out.bin');
      const timing = await timeWarmProcess(tool.command(count, out), out);
      if (i === 0 && sha256(out) !== digest) throw new Error(`${tool.name} wrote other bytes than were served`);
      fs.rmSync(out);
      results.get(tool.name)?.push(timing);
    }
  }
  const peer = results.get('aria2c -x16 -s16');
  process.stdout.write(`\n${count} server${count === 1 ? '' : 's'}, median of ${repeat}\n`);
  process.stdout.write(
    'tool                    MiB/s   wall s    CPU s   peak MiB   throughput and CPU against aria2c\n',
  );
  for (const [name, timings] of results) {
    const wall = median(timings.map((t) => t.wallS));
    const cpu = median(timings.map((t) => t.cpuS));
    const peak = Math.max(...timings.map((t) => t.peakMiB));
    const ratio =
      peer === undefined
        ? ''
        : `${median(timings.map((t, i) => (peer[i]?.wallS ?? NaN) / t.wallS)).toFixed(2)}x, ${median(timings.map((t, i) => t.cpuS / (peer[i]?.cpuS ?? NaN))).toFixed(2)}x`;
    const figures = [(mib / wall).toFixed(0), wall.toFixed(2), cpu.toFixed(2), peak.toFixed(0)];
    process.stdout.write(`${name.padEnd(20)}${figures.map((f) => f.padStart(9)).join('')}      ${ratio}\n`);
  }
}

/** @param {import('../dist/index.js').FleetHandle} fleet */
async function hashed(fleet) {
  const isDone = () => fleet.snapshot().files.every((file) => file.hashed >= 1);
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 50));
}
