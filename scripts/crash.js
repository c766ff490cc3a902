// @ts-check
// `npm run crash -- --daemon ...`: see crash-daemon.js.
// `npm run crash -- [--kills 1000] [--seed N] [--mib 500] [--http] [--tally FILE]`: one download, by the real command, from three slow
// servers, over mgp or HTTP, of which one now and then is killed too and comes back. It
// is killed (SIGKILL) at random moments and started anew, until it has been killed so many times; then it is left to
// end. Holds: nothing that was received more than a second before a kill is fetched again, the bytes are right, and
// nothing of the download's state is left. The seed decides the moments; a failure prints the command that repeats it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { randomFrom } from './seeded-random.js';
import { addToTally } from './tally.js';
import { commandPath } from './command-path.js';

const serverCount = 3;
const mib = 1024 * 1024;
/** Of each server. Slow, so that many lives fit into one file. */
const bytesPerSec = 256 * 1024;
/** What a kill may cost: a second's worth of all servers. */
const lossBytesMax = serverCount * bytesPerSec;
/** Kills at a moment that does not depend on what was received: in the start of the program, in the check of the rest. */
const blindShare = 0.25;
const blindMsMax = 700;
/** Lives in which a server dies as well, and comes back while the client is still there. */
const serverDeathShare = 0.3;
const serverDeathMsMax = 400;
/** The end is not slowed, and not killed. */
const endMsMax = 120_000;

/**
 * @typedef {{ type: string, snapshot?: { phase: string, doneBytes: number, resumedBytes: number } }} Message
 * @typedef {{ phase: string, doneBytes: number | undefined, resumedBytes: number | undefined, ended: boolean }} Life
 */

/**
 * One run of the command, killed as `shouldKill` says, or after `killAfterMs`.
 * @param {readonly string[]} args
 * @param {{ shouldKill: (newBytes: number) => boolean, killAfterMs: number | undefined }} plan
 * @returns {Promise<Life>}
 */
function live(args, plan) {
  const child = spawn(process.execPath, [commandPath, 'get', '--json', '-i', '0.1', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  /** @type {Life} */
  const life = { phase: 'starting', doneBytes: undefined, resumedBytes: undefined, ended: false };
  const kill = () => void child.kill('SIGKILL');
  const timer = plan.killAfterMs === undefined ? undefined : setTimeout(kill, plan.killAfterMs);
  createInterface({ input: child.stdout }).on('line', (line) => {
    // The last line may be cut by the kill.
    if (!line.endsWith('}')) return;
    /** @type {Message} */
    const { snapshot } = JSON.parse(line);
    if (snapshot === undefined) return;
    life.phase = snapshot.phase;
    if (snapshot.phase === 'connecting') return;
    life.doneBytes = snapshot.doneBytes;
    life.resumedBytes = snapshot.resumedBytes;
    if (plan.shouldKill(snapshot.doneBytes - snapshot.resumedBytes)) kill();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      life.ended = code === 0;
      if (code === 0 || signal === 'SIGKILL') resolve(life);
      else reject(new Error(`manyget get ended with ${code ?? signal}`));
    });
  });
}

/**
 * @param {string} file
 * @param {number} sizeMib
 * @param {() => number} random
 * @returns {string} Its SHA-256.
 */
function makeFile(file, sizeMib, random) {
  const bytes = Buffer.alloc(sizeMib * mib + 12_345);
  const block = Buffer.from(Array.from({ length: 4096 }, () => Math.floor(random() * 256)));
  for (let at = 0; at < bytes.length; at += block.length) {
    block.writeUInt32LE(at >>> 12, 0);
    block.copy(bytes, at);
  }
  writeFileSync(file, bytes);
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * @param {{ kills: number, seed: number, sizeMib: number, http: boolean }} options
 * @param {string} folder
 * @returns {Promise<number>} What a kill cost at most, in seconds' worth of all servers.
 */
async function crash({ kills, seed, sizeMib, http }, folder) {
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
  const { serve } = await import('../dist/index.js');
  const random = randomFrom(seed);
  const file = join(folder, 'file.bin');
  const digest = makeFile(file, sizeMib, random);
  const out = join(folder, 'out');
  const ports = new Array(serverCount).fill(0);
  const slow = await serve({ paths: [file], ports, rateLimits: [bytesPerSec] });
  const fast = await serve({ paths: [file], ports });
  /** @param {typeof slow} fleet */
  const urls = (fleet) =>
    fleet.snapshot().servers.map((server) => `${http ? 'http' : 'mgp'}://127.0.0.1:${server.port}/file.bin`);
  const figures = {
    blind: 0,
    serverDeaths: 0,
    lostBytes: 0,
    lostBytesMax: 0,
    resumes: 0,
    sentTwice: 0,
    phases: /** @type {Record<string, number>} */ ({}),
  };
  const startedAtMs = Date.now();
  /** What the download had when it was seen last. */
  let had = 0;
  /** A server dies and comes back. Resolves when it is back. */
  const loseServer = async () => {
    figures.serverDeaths += 1;
    const number = 1 + Math.floor(random() * serverCount);
    const [afterMs, awayMs] = [random() * serverDeathMsMax, random() * serverDeathMsMax];
    await wait(afterMs);
    await slow.kill(number);
    await wait(awayMs);
    await slow.open(number);
  };
  /** @param {Life} life @param {number} number */
  const compare = (life, number) => {
    if (life.resumedBytes === undefined || life.doneBytes === undefined) return;
    const lost = Math.max(0, had - life.resumedBytes);
    figures.resumes += life.resumedBytes > 0 ? 1 : 0;
    figures.lostBytes += lost;
    figures.lostBytesMax = Math.max(figures.lostBytesMax, lost);
    if (lost > lossBytesMax) {
      throw new Error(`life ${number} began with ${life.resumedBytes} bytes, ${lost} less than were received before`);
    }
    had = life.doneBytes;
  };
  try {
    for (let n = 1; n <= kills; n += 1) {
      const share = (0.6 * (sizeMib * mib - had)) / (kills - n + 1);
      const wanted = random() * share;
      const isBlind = random() < blindShare;
      const killAfterMs = isBlind ? random() * blindMsMax : undefined;
      figures.blind += isBlind ? 1 : 0;
      const sources = urls(slow);
      const back = random() < serverDeathShare ? loseServer() : undefined;
      const life = await live(['-o', out, ...sources], { shouldKill: (bytes) => bytes >= wanted, killAfterMs });
      await back;
      if (life.ended) throw new Error(`the download was whole after ${n - 1} kills: it takes a larger --mib`);
      compare(life, n);
      figures.phases[life.phase] = (figures.phases[life.phase] ?? 0) + 1;
      if (n % 50 === 0) process.stdout.write(`${n} kills, ${(had / mib).toFixed(1)} of ${sizeMib} MiB\n`);
    }
    const last = await live(['-o', out, ...urls(fast)], { shouldKill: () => false, killAfterMs: endMsMax });
    const sent = [slow, fast].flatMap((fleet) => fleet.snapshot().servers).reduce((sum, s) => sum + s.sentBytes, 0);
    figures.sentTwice = sent - sizeMib * mib;
    if (!last.ended) throw new Error('the last life did not end in time');
    compare(last, kills + 1);
    if (createHash('sha256').update(readFileSync(out)).digest('hex') !== digest) throw new Error('the bytes are wrong');
    const left = readdirSync(folder).filter((name) => name.startsWith('out.'));
    if (left.length > 0) throw new Error(`${left.join(', ')} is left behind`);
  } finally {
    await Promise.all([slow.stop(), fast.stop()]);
  }
  const kib = (/** @type {number} */ bytes) => `${(bytes / 1024).toFixed(0)} KiB`;
  const phases = Object.entries(figures.phases).map(([phase, count]) => `${count} ${phase}`);
  process.stdout.write(
    `seed ${seed}, ${http ? 'HTTP' : 'mgp'}: ${kills} kills (${phases.join(', ')}; ${figures.blind} at a blind moment), ` +
      `${figures.resumes} resumes, ${figures.serverDeaths} servers killed and back\n` +
      `known to be received and yet fetched again: ${kib(figures.lostBytes / kills)} a kill, ${kib(figures.lostBytesMax)} ` +
      `at most, ${(figures.lostBytesMax / lossBytesMax).toFixed(2)} s worth\n` +
      `sent more than once, what was on its way included: ${kib(figures.sentTwice / kills)} a kill, ` +
      `${(figures.sentTwice / kills / lossBytesMax).toFixed(2)} s worth\n` +
      `the bytes are right, and nothing is left behind; ${((Date.now() - startedAtMs) / 1000).toFixed(0)} s\n`,
  );
  return figures.lostBytesMax / lossBytesMax;
}

if (process.argv.includes('--daemon')) await import('./crash-daemon.js');
else await crashDownload();

async function crashDownload() {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '1000' },
      http: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      mib: { type: 'string' },
      tally: { type: 'string' },
    },
  });
  const kills = Number(values.kills);
  const options = {
    http: values.http,
    kills,
    seed: Number(values.seed),
    sizeMib: Number(values.mib ?? Math.max(8, Math.ceil(kills / 2))),
  };
  const folder = mkdtempSync(join(tmpdir(), 'manyget-crash-'));
  try {
    const worst = await crash(options, folder);
    addToTally(values.tally, [
      { seed: options.seed, what: `kills over ${values.http ? 'HTTP' : 'mgp'}`, count: kills, worst },
    ]);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write(
      `again: npm run crash -- --kills ${kills} --seed ${options.seed} --mib ${options.sizeMib}${values.http ? ' --http' : ''}\n`,
    );
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
