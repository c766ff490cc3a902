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
import { compareTools, hashesKnown, machineLine } from './compare-tools.js';
import { startNginx } from './nginx.js';
import { makeFile } from './test-file.js';
import { hasCommand } from './timed-process.js';
import { commandPath } from '../scripts/command-path.js';

const aria2 = ['aria2c', '-q', '--no-conf=true', '--file-allocation=none', '-k1M'];

/**
 * @typedef {import('./compare-tools.js').Tool} Tool
 * @typedef {import('./compare-tools.js').Task} Task
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
  const task = { mib: Number(values.mib), repeat: Number(values.repeat), file, digest };
  const nginx = await startNginx(folder, { tls: true, digest });
  process.stdout.write(`${task.mib} MiB, median of ${task.repeat}, ${machineLine()}\n`);
  try {
    if (values.part !== 'servers') {
      await compareTools('from nginx, plain', clients(`${nginx.plain}/data.bin`), 'aria2c -x16', task);
      await compareTools('from nginx, TLS', clients(`${nginx.secure}/data.bin`, nginx.ca), 'aria2c -x16', task);
    }
    if (values.part !== 'clients') await compareServers(`${nginx.stating}/data.bin`, task);
    return 0;
  } finally {
    await nginx.stop();
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * @param {string} url
 * @param {string} [ca]
 * @returns {Tool[]}
 */
function clients(url, ca) {
  const manyget = [process.execPath, commandPath, 'get', '--quiet', '--no-netrc', '--all-proxy', ''];
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
 * @param {Task} task
 */
async function compareServers(nginxUrl, task) {
  const fleet = await serve({ paths: [task.file], ports: [0] });
  try {
    await hashesKnown(fleet);
    const ours = `http://127.0.0.1:${fleet.snapshot().servers[0]?.port ?? 0}/data.bin`;
    /** @type {readonly (readonly [string, (url: string) => Tool['command']])[]} */
    const peers = [
      ['curl', (url) => (out) => ['curl', '-s', '-o', out, url]],
      ['aria2c -x4', (url) => (out) => aria2Command(['-x4', '-s4'], out, url)],
      ['aria2c -x16', (url) => (out) => aria2Command(['-x16', '-s16'], out, url)],
    ];
    for (const [name, command] of peers) {
      const tools = [
        { name: 'nginx', command: command(nginxUrl) },
        { name: 'manyget serve', command: command(ours) },
      ];
      await compareTools(`${name} as the client`, tools, 'nginx', task);
    }
  } finally {
    await fleet.stop();
  }
}
