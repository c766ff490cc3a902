// @ts-check
// `npm run bench -- faults [--only FAULT] [--tools manyget,aria2c,axel,wget2]`: six faults that a download meets, and what each tool
// makes of them, as a table: two mirrors that hold different files of one size, a kill, a login page, a full disk (a small
// tmpfs, as root), a file that changes, a server that stalls. Every run has 20 s. wget2 takes one address for a file, so it
// gets the faulty one. Says what happened, never what should have.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { startFaultServer } from './fault-server.js';
import { hasCommand } from './timed-process.js';
import { commandPath } from '../scripts/command-path.js';

/** @typedef {import('./fault-server.js').FaultServer} FaultServer */
/** @typedef {{ status: string, output: string }} Ended */

const mib = 1024 * 1024;
const sizeBytes = 12 * mib;
const bytesPerSec = 1.5 * mib;
const limitMs = 20_000;
/** @type {Record<string, (urls: readonly string[], folder: string) => string[]>} */
const commands = {
  manyget: (urls, folder) => [
    process.execPath,
    commandPath,
    'get',
    ...urls,
    '-o',
    join(folder, 'out.bin'),
    '-q',
    '--no-netrc',
  ],
  aria2c: (urls, folder) => [
    ...['aria2c', '--no-conf', '-q', '-c', '-x4', '-s4', '-k1M', '--file-allocation=none', '--allow-overwrite=true'],
    ...['-d', folder, '-o', 'out.bin', ...urls],
  ],
  axel: (urls, folder) => ['axel', '-q', '-n', '4', '-o', join(folder, 'out.bin'), ...urls],
  wget2: ([url = ''], folder) => [
    ...['wget2', '--no-config', '-q', '-c', '--chunk-size=1M', '--max-threads=4', '--tries=3'],
    ...['-O', join(folder, 'out.bin'), url],
  ],
};

/** The same bytes for the same seed. @param {number} seed */
function fileOf(seed) {
  const bytes = Buffer.alloc(sizeBytes);
  const block = createHash('sha512').update(`seed ${seed}`).digest();
  for (let at = 0; at < sizeBytes; at += 64) {
    block.writeUInt32LE(at >>> 6, 0);
    block.copy(bytes, at);
  }
  return bytes;
}

const [right, other] = [fileOf(1), fileOf(2)];

/**
 * Runs one command, for 20 s at most.
 * @param {readonly string[]} command
 * @param {AbortSignal} [kill] Kills it at once.
 * @returns {Promise<Ended>}
 */
function runCommand([program = '', ...args], kill) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
  let output = '';
  let isLate = false;
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, limitMs);
  kill?.addEventListener('abort', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const status = isLate ? 'not done after 20 s' : signal === null ? `status ${code}` : 'killed';
      resolve({ status, output });
    });
  });
}

/** What is under the final name. @param {string} folder */
function made(folder) {
  const path = join(folder, 'out.bin');
  if (!existsSync(path)) return 'no file';
  const bytes = readFileSync(path);
  if (bytes.equals(right)) return 'the right file';
  if (bytes.equals(other)) return 'the other file, whole';
  if (bytes.subarray(0, 9).toString() === '<!doctype') return 'the page, as the file';
  const isState = readdirSync(folder).some((name) => name !== 'out.bin' && name.startsWith('out.bin'));
  if (isState) return 'an unfinished file, with state beside it';
  return bytes.length === sizeBytes
    ? '**a wrong file of the right size**'
    : `an unfinished file (${bytes.length} bytes)`;
}

/** @param {Ended} ended @param {string} folder */
const told = (ended, folder) => `${ended.status}, ${made(folder)}`;

/** Calls `then` once when so much of the file was sent. @param {readonly FaultServer[]} servers @param {number} share @param {() => void} then */
function whenSent(servers, share, then) {
  let isDone = false;
  for (const server of servers) {
    server.onSent = () => {
      if (isDone || servers.reduce((sum, one) => sum + one.sentBytes, 0) < share * sizeBytes) return;
      isDone = true;
      then();
    };
  }
}

/** @typedef {{ tool: string, folder: string, servers: [FaultServer, FaultServer], urls: string[] }} World */

/** @type {Record<string, { name: string, run: (world: World) => Promise<string> }>} */
const faults = {
  mirrors: {
    name: 'two mirrors, different files of one size',
    run: async ({ tool, folder, servers, urls }) => {
      servers[1].file = other;
      if (tool === 'wget2') return 'takes one address';
      return told(await runCommand(commandOf(tool, urls, folder)), folder);
    },
  },
  kill: {
    name: '`kill -9` at half, the same command again',
    run: async ({ tool, folder, servers, urls }) => {
      const kill = new AbortController();
      whenSent(servers, 0.5, () => kill.abort());
      await runCommand(commandOf(tool, urls, folder), kill.signal);
      const before = servers[0].sentBytes + servers[1].sentBytes;
      const ended = await runCommand(commandOf(tool, urls, folder));
      const sent = servers[0].sentBytes + servers[1].sentBytes;
      const twice = Math.max(0, sent - sizeBytes) / mib;
      return `${told(ended, folder)}; ${(before / mib).toFixed(1)} MiB before, ${twice.toFixed(1)} MiB sent twice`;
    },
  },
  page: {
    name: 'a login page under status 200, beside a good mirror',
    run: async ({ tool, folder, servers, urls }) => {
      servers[0].isPage = true;
      return told(await runCommand(commandOf(tool, urls, folder)), folder);
    },
  },
  full: {
    name: 'disk full, space again after 6 s',
    run: async ({ tool, folder, urls }) => {
      const disk = join(folder, 'disk');
      mkdirSync(disk);
      const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk]);
      if (mount.status !== 0) return 'not run: a small disk takes root';
      const timer = setTimeout(() => spawnSync('mount', ['-o', 'remount,size=64m', disk]), 6000);
      try {
        const ended = await runCommand(commandOf(tool, urls, disk));
        const first = told(ended, disk);
        clearTimeout(timer);
        spawnSync('mount', ['-o', 'remount,size=64m', disk]);
        if (made(disk) === 'the right file') return `${first}, by itself`;
        return `${first}; again: ${told(await runCommand(commandOf(tool, urls, disk)), disk)}`;
      } finally {
        clearTimeout(timer);
        spawnSync('umount', [disk]);
      }
    },
  },
  changed: {
    name: 'the file is replaced on its server at half',
    run: async ({ tool, folder, servers, urls }) => {
      whenSent([servers[0]], 0.5, () => (servers[0].file = other));
      return told(await runCommand(commandOf(tool, urls.slice(0, 1), folder)), folder);
    },
  },
  stalled: {
    name: 'a server stalls, connected, beside a good mirror',
    run: async ({ tool, folder, servers, urls }) => {
      servers[0].stallsAfter = 2 * mib;
      const startedAtMs = Date.now();
      const ended = await runCommand(commandOf(tool, urls, folder));
      return `${told(ended, folder)}, ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s`;
    },
  },
};

/** @param {string} tool @param {readonly string[]} urls @param {string} folder */
function commandOf(tool, urls, folder) {
  const command = commands[tool];
  if (command === undefined) throw new Error(`--tools names some of ${Object.keys(commands).join(', ')}, not ${tool}`);
  return command(urls, folder);
}

/** @param {string} fault @param {string} tool */
async function runOne(fault, tool) {
  const folder = mkdtempSync(join(tmpdir(), 'manyget-faults-'));
  /** @type {[FaultServer, FaultServer]} */
  const servers = [await startFaultServer(right, bytesPerSec), await startFaultServer(right, bytesPerSec)];
  try {
    return await faults[fault]?.run({ tool, folder, servers, urls: servers.map(({ url }) => url) });
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string[]} args
 * @returns {Promise<number>} The exit status.
 */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: { only: { type: 'string' }, tools: { type: 'string', default: Object.keys(commands).join(',') } },
  });
  const tools = values.tools.split(',').filter((tool) => tool === 'manyget' || hasCommand(tool));
  const chosen = Object.keys(faults).filter((fault) => values.only === undefined || fault === values.only);
  process.stdout.write(`| fault | ${tools.join(' | ')} |\n| --- | ${tools.map(() => '---').join(' | ')} |\n`);
  for (const fault of chosen) {
    // Side by side: each has its own servers, which are slow, so that nobody takes anything from another.
    const cells = await Promise.all(tools.map((tool) => runOne(fault, tool)));
    process.stdout.write(`| ${faults[fault]?.name ?? ''} | ${cells.map((cell) => cell ?? '').join(' | ')} |\n`);
  }
  return 0;
}
