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
import { compareTools, hashesKnown, machineLine } from './compare-tools.js';
import { startNginx } from './nginx.js';
import { makeFile } from './test-file.js';
import { hasCommand } from './timed-process.js';
import { commandPath } from '../scripts/command-path.js';

/**
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
  const mib = Number(values.mib);
  const task = { mib, repeat: Number(values.repeat), file, digest: makeFile(file, mib) };
  const fleet = await serve({ paths: [file], ports: new Array(Math.max(...counts)).fill(0) });
  const nginx = hasCommand('nginx') ? await startNginx(folder) : undefined;
  try {
    const urls = fleet.snapshot().servers.map((server) => `mgp://127.0.0.1:${server.port}/data.bin`);
    const receiver = nginx === undefined ? undefined : compileReceiver(folder);
    const tools = listTools(urls, nginx && `${nginx.plain}/data.bin`, receiver, mib);
    await hashesKnown(fleet);
    process.stdout.write(`${task.mib} MiB over loopback, median of ${task.repeat}, ${machineLine()}\n`);
    for (const count of counts) {
      const ready = tools.map((tool) => ({
        ...tool,
        command: (/** @type {string} */ out) => tool.command(count, out),
      }));
      await compareTools(`${count} server${count === 1 ? '' : 's'}`, ready, 'aria2c -x16 -s16', task);
    }
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
  const base = [process.execPath, commandPath, 'get', '--quiet'];
  /** @type {Tool[]} */
  const tools = [
    { name: 'manyget', command: (n, out) => [...base, '-o', out, ...urls.slice(0, n)] },
    { name: 'manyget --no-verify', command: (n, out) => [...base, '--no-verify', '-o', out, ...urls.slice(0, n)] },
  ];
  if (nginxUrl !== undefined && hasCommand('aria2c')) {
    const fixed = ['aria2c', '-q', '--file-allocation=none', '-k1M'];
    /** @type {Tool['command']} */
    const command = (_n, out) => [
      ...fixed,
      '-x16',
      '-s16',
      '-d',
      path.dirname(out),
      '-o',
      path.basename(out),
      nginxUrl,
    ];
    tools.push({ name: 'aria2c -x16 -s16', command }, { name: 'aria2c ... + sync', command: synced(command) });
  }
  if (nginxUrl !== undefined && hasCommand('curl')) {
    tools.push({ name: 'curl', command: (_n, out) => ['curl', '-s', '-o', out, nginxUrl] });
  }
  if (nginxUrl !== undefined && receiver !== undefined) {
    const { port, pathname } = new URL(nginxUrl);
    /** @type {Tool['command']} */
    const command = (n, out) => [receiver, port, pathname, String(mib * 1024 * 1024), String(n), out];
    tools.push({ name: 'C recv + pwrite', command }, { name: 'C ... + sync', command: synced(command) });
  }
  return tools;
}

/**
 * The command, and then what writes its file to the disk.
 * @param {Tool['command']} command
 * @returns {Tool['command']}
 */
function synced(command) {
  const script = 'out="$1"; shift; "$@" && sync "$out"';
  return (n, out) => ['bash', '-c', script, 'sync', out, ...command(n, out)];
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
