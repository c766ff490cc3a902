// @ts-check
// `npm run bench -- top [--seconds 20]`: what `manyget top` costs on a terminal of 80x24 while the daemon fetches from 16
// servers: CPU time of its process (utime and stime of proc(5)), frames a second, bytes written to the terminal. Linux.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { commandPath } from '../scripts/command-path.js';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const servers = 16;
/** Of proc(5), as Linux has it on every machine of today. */
const ticksPerSecond = 100;
const waitMsMax = 20_000;

/** @param {string} path Below dist/. */
function load(path) {
  return import(pathToFileURL(join(dist, path)).href);
}

/** @param {number} pid */
function cpuTicks(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** `top` on a terminal: its process, what it writes, and a way to type. */
class Terminal {
  output = '';

  /** @param {string} folder */
  constructor(folder) {
    const line = `stty rows 24 cols 80; echo "pid $$ ready"; exec '${process.execPath}' '${commandPath}' top`;
    const env = { ...process.env, MANYGET_STATE: join(folder, 'state'), TERM: 'xterm-256color', SHELL: '/bin/sh' };
    this.child = spawn('script', ['-qec', line, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout.setEncoding('utf8').on('data', (text) => (this.output += text));
  }

  get pid() {
    return Number(/pid (\d+) ready/.exec(this.output)?.[1]);
  }

  /** @param {RegExp} pattern */
  async shows(pattern) {
    const untilMs = performance.now() + waitMsMax;
    while (!pattern.test(this.output)) {
      if (performance.now() > untilMs) throw new Error(`top did not show ${pattern}`);
      await delay(50);
    }
  }

  /** @param {string} keys */
  type(keys) {
    this.child.stdin.write(keys);
  }
}

/**
 * @param {Terminal} terminal
 * @param {string} what
 * @param {number} seconds
 */
async function measure(terminal, what, seconds) {
  // The first frames are compiled, not run.
  await delay(3000);
  const [ticks, from, startedMs] = [cpuTicks(terminal.pid), terminal.output.length, performance.now()];
  await delay(seconds * 1000);
  const tookSeconds = (performance.now() - startedMs) / 1000;
  const written = terminal.output.slice(from);
  const frames = written.split('\u001b[?2026h').length - 1;
  const percent = ((cpuTicks(terminal.pid) - ticks) / ticksPerSecond / tookSeconds) * 100;
  process.stdout.write(
    `${what.padEnd(26)} ${percent.toFixed(2)}% CPU  ${(frames / tookSeconds).toFixed(1)} frames/s  ` +
      `${(written.length / 1024 / tookSeconds).toFixed(1)} KiB/s\n`,
  );
}

/** @param {string[]} args */
export async function run(args) {
  const { values } = parseArgs({ args, options: { seconds: { type: 'string', default: '20' } } });
  const seconds = Number(values.seconds);
  const [{ serve }, { Daemon }, { stateFolder }] = await Promise.all([
    load('app/serve.js'),
    load('daemon/daemon.js'),
    load('daemon/state-folder.js'),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'manyget-bench-top-'));
  const names = ['a.bin', 'b.bin', 'c.bin', 'd.bin'];
  for (const name of names) {
    writeFileSync(join(folder, name), '');
    truncateSync(join(folder, name), 1024 ** 3);
  }
  const paths = names.map((name) => join(folder, name));
  const fleet = await serve({ paths, ports: Array(servers).fill(0), rateLimits: [512 * 1024] });
  const state = stateFolder({ MANYGET_STATE: join(folder, 'state') });
  const daemon = await Daemon.start({ state, port: 0, folder: join(folder, 'out') });
  const terminal = new Terminal(folder);
  try {
    for (const name of names) {
      const sources = fleet
        .snapshot()
        .servers.map((/** @type {{ port: number }} */ { port }) => `mgp://127.0.0.1:${port}/${name}`);
      daemon.queue.add({ spec: { sources, options: {}, content: {}, relativePath: undefined } });
    }
    await terminal.shows(/d\.bin/);
    await measure(terminal, `list of ${names.length}`, seconds);
    terminal.type('s');
    await terminal.shows(/1st byte/);
    await measure(terminal, `${servers} servers and the map`, seconds);
    terminal.type('q');
    await once(terminal.child, 'exit');
  } finally {
    terminal.child.kill();
    await daemon[Symbol.asyncDispose]();
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return 0;
}
