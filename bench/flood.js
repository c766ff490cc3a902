// @ts-check
// `npm run bench -- flood [--kinds idle,loris,...] [--seconds 5] [--rate MIB] [--rounds 3]` (Linux: the flood comes from addresses
// 127.0.1.x): what a polite client gets of a server alone, and while others do to it what they can. The polite client fetches the
// file over HTTP, each time on a new connection. The server sends at most `--rate` MiB/s, so that the processor that the flood itself
// takes on the same machine is not what is measured; 0: no limit. Exits with 1 where it gets less than half.
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, ftruncateSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { floodKinds } from './flooder.js';
import { median } from './timed-process.js';
import { commandPath } from '../scripts/command-path.js';

const mib = 1024 * 1024;
const fileBytes = 64 * mib;
const shareMin = 0.5;
const warmMs = 1500;
const descriptorsWanted = 20_000;
/** One file after the other for so long; bytes a second. @param {number} port @param {number} ms */
async function politeSpeed(port, ms) {
  const startedAtMs = performance.now();
  let bytes = 0;
  let refused = 0;
  while (performance.now() - startedAtMs < ms) {
    const got = await new Promise((resolve) => {
      let received = 0;
      const socket = connect({ host: '127.0.0.1', port });
      const timer = setTimeout(() => socket.destroy(), Math.max(0, ms - (performance.now() - startedAtMs)));
      socket.on('connect', () => socket.write('GET /data.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'));
      socket.on('data', (chunk) => (received += chunk.length));
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        clearTimeout(timer);
        resolve(received);
      });
    });
    if (got < 1000) {
      refused += 1;
      await wait(20);
    }
    bytes += got;
  }
  return { bytesPerSec: (bytes / (performance.now() - startedAtMs)) * 1000, refused };
}

/** @param {string} folder @param {number} rateMib */
async function startServer(folder, rateMib) {
  const file = join(folder, 'data.bin');
  const fd = openSync(file, 'w');
  ftruncateSync(fd, fileBytes);
  closeSync(fd);
  const limit = rateMib > 0 ? ['--limit-rate', `${rateMib}M`] : [];
  const command = [process.execPath, commandPath, 'serve', '--json', '-p', '0', ...limit, file];
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') };
  const child = spawn('bash', ['-c', `ulimit -n ${descriptorsWanted} 2>/dev/null; exec "$@"`, 'serve', ...command], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const port = JSON.parse(line).snapshot?.servers?.[0]?.port;
    if (port > 0) {
      child.stdout.resume();
      return { child, port: Number(port) };
    }
  }
  throw new Error('the server ended before it had a port');
}

/** @param {string} kind @param {number} port */
async function startFlood(kind, port) {
  const script = fileURLToPath(new URL('./flooder.js', import.meta.url));
  const command = ['-c', `ulimit -n ${descriptorsWanted} 2>/dev/null; exec "$@"`, 'flood', process.execPath, script];
  const child = spawn('bash', [...command, kind, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (text) => (said = String(text).trim().split('\n').at(-1) ?? said));
  await wait(warmMs);
  return { child, said: () => said };
}

/** Resident memory of a process and the most it had, MiB. @param {number} pid */
function peakMib(pid) {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

/**
 * @param {string[]} args
 * @returns {Promise<number>} The exit status.
 */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      kinds: { type: 'string', default: Object.keys(floodKinds).join(',') },
      seconds: { type: 'string', default: '5' },
      rate: { type: 'string', default: '50' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const ms = Number(values.seconds) * 1000;
  const rateMib = Number(values.rate);
  let isPoor = false;
  process.stdout.write(
    `a polite client, alone and in a flood, medians of ${values.rounds}; server limited to ${rateMib > 0 ? `${rateMib} MiB/s` : 'nothing'}\n` +
      'flood      alone MiB/s   flooded MiB/s   share   turned away   server MiB   what the flood did\n',
  );
  for (const kind of values.kinds.split(',')) {
    const folder = mkdtempSync(join(tmpdir(), 'manyget-flood-'));
    const server = await startServer(folder, rateMib);
    /** @type {{ alone: number[], flooded: number[] }} */
    const speeds = { alone: [], flooded: [] };
    let refused = 0;
    let said = '';
    try {
      for (let round = 0; round < Number(values.rounds); round += 1) {
        speeds.alone.push((await politeSpeed(server.port, ms)).bytesPerSec);
        const flood = await startFlood(kind, server.port);
        const polite = await politeSpeed(server.port, ms);
        said = flood.said();
        flood.child.kill('SIGKILL');
        await wait(200);
        speeds.flooded.push(polite.bytesPerSec);
        refused += polite.refused;
      }
      const [alone, flooded] = [median(speeds.alone), median(speeds.flooded)];
      const share = flooded / alone;
      isPoor ||= share < shareMin;
      const cells = [
        kind.padEnd(10),
        (alone / mib).toFixed(1).padStart(11),
        (flooded / mib).toFixed(1).padStart(15),
        `${(share * 100).toFixed(0)}%`.padStart(7),
        String(refused).padStart(13),
        peakMib(server.child.pid ?? 0)
          .toFixed(0)
          .padStart(12),
        `  ${said}`,
      ];
      process.stdout.write(`${cells.join(' ')}\n`);
    } finally {
      server.child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return isPoor ? 1 : 0;
}
