// @ts-check
// `npm run soak -- [--seconds 600] [--seed N] [--round R] [--mib 12]`: one client, in a process of its own, fetches a file again and
// again from four real servers, over mgp and HTTP, through a proxy on each connection of which things go wrong: delay, reset, cut,
// stall, corrupt and doubled bytes, slowness, refusal; servers die and come back meanwhile. Holds: every download comes out as it
// went in, at most after the same command was given again; nothing is left beside it; after each one the client has no more handles,
// timers, descriptors and listeners than before, and its memory does not grow; in the end the servers have no connection left and
// leave nothing behind. The seed and the round decide what goes wrong; a failure prints the command that repeats its round.
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { randomFrom } from './seeded-random.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const mib = 1024 * 1024;
const serverCount = 4;
const bytesPerSec = 6 * mib;
/** A connection meets its fault within so many bytes. */
const faultBytesMax = 4 * mib;
const attemptsMax = 6;
const attemptMsMax = 60_000;
/** The client itself says first what it was at. */
const clientMsMax = attemptMsMax + 10_000;
/** What the client may have more in the last quarter of the rounds than in the second one: heap, and memory outside of it. */
const growthBytesMax = 6 * mib;
/** With fewer there is no telling growth from noise. */
const roundsForMemory = 12;

/**
 * @typedef {{ error: { code: string, message: string } | undefined, leaked: string, heldBytes: number }} Outcome
 * @typedef {import('../test/support/tcp-fault-proxy.js').TcpFaultProxy} Proxy
 */

/** The proxy is TypeScript, for the tests: compiled to tmp/soak first. */
async function loadProxy() {
  const folder = join(root, 'tmp', 'soak');
  mkdirSync(folder, { recursive: true });
  for (const name of ['random', 'tcp-fault-proxy']) {
    const source = readFileSync(join(root, 'test', 'support', `${name}.ts`), 'utf8');
    const { module, target } = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(source, { compilerOptions: { module, target } });
    writeFileSync(join(folder, `${name}.js`), outputText);
  }
  return import(join(folder, 'tcp-fault-proxy.js'));
}

/** The client: a process that downloads what it is told to, and then says what it holds. */
class Client {
  #child = fork(join(root, 'scripts', 'soak-client.js'), { execArgv: ['--expose-gc'] });
  #fail = (/** @type {Error} */ _error) => {};

  constructor() {
    this.#child.on('error', (error) => this.#fail(error));
    this.#child.on('exit', (code, signal) => this.#fail(new Error(`the client died: ${signal ?? code}`)));
  }

  /** @param {{ sources: string[], output: string, msMax: number }} task @returns {Promise<Outcome>} */
  run(task) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the client said nothing for ${clientMsMax} ms`)), clientMsMax);
      this.#fail = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      this.#child.once('message', (message) => {
        clearTimeout(timer);
        resolve(/** @type {Outcome} */ (message));
      });
      this.#child.send(task);
    });
  }

  end() {
    this.#child.removeAllListeners('exit');
    this.#child.kill('SIGKILL');
  }
}

/** @param {number[]} list */
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

/** @param {number[]} held After each round. */
function growth(held) {
  const quarter = Math.floor(held.length / 4);
  return median(held.slice(-quarter)) - median(held.slice(quarter, 2 * quarter));
}

/** What this process holds, the servers in it. */
function ownHandles() {
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  return { resources: process.getActiveResourcesInfo().filter((name) => name !== 'Timeout').length, listeners };
}

/** @param {() => boolean} holds @param {string} what */
async function soon(holds, what) {
  const startedAtMs = Date.now();
  while (!holds()) {
    if (Date.now() - startedAtMs > 5000) throw new Error(what);
    await wait(20);
  }
}

/**
 * @param {{ seed: number, seconds: number, round: number | undefined, sizeMib: number }} options
 * @param {string} folder
 * @param {{ round: number }} at Where it is.
 */
async function soak({ seed, seconds, round, sizeMib }, folder, at) {
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
  const { serve } = await import('../dist/index.js');
  const { TcpFaultProxy, randomPlans } = await loadProxy();
  const file = join(folder, 'file.bin');
  const bytes = Buffer.alloc(sizeMib * mib + 4321);
  const random = randomFrom(seed);
  for (let i = 0; i < bytes.length; i += 4)
    bytes.writeUInt32LE(Math.floor(random() * 2 ** 32), Math.min(i, bytes.length - 4));
  writeFileSync(file, bytes);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const before = ownHandles();
  const fleet = await serve({ paths: [file], ports: new Array(serverCount).fill(0), rateLimits: [bytesPerSec] });
  const client = new Client();
  const counts = { rounds: 0, again: 0, deaths: 0, connections: 0, faults: /** @type {Record<string, number>} */ ({}) };
  /** @type {number[]} */
  const held = [];
  const startedAtMs = Date.now();
  const ports = fleet.snapshot().servers.map((server) => server.port);
  /** @param {() => number} chance A round's own randomness. */
  const loseServer = async (chance) => {
    counts.deaths += 1;
    const number = 1 + Math.floor(chance() * serverCount);
    const [afterMs, awayMs] = [chance() * 600, chance() * 600];
    await wait(afterMs);
    await fleet.kill(number);
    await wait(awayMs);
    await fleet.open(number);
  };
  try {
    for (let n = round ?? 1; round === undefined ? Date.now() - startedAtMs < seconds * 1000 : n <= round; n += 1) {
      at.round = n;
      const chance = randomFrom(seed * 1_000_003 + n);
      const output = join(folder, `out-${n}`);
      /** @type {Outcome | undefined} */
      let outcome;
      for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
        /** @type {Proxy[]} */
        const proxies = [];
        for (const port of ports) {
          proxies.push(await TcpFaultProxy.start(port, randomPlans(Math.floor(chance() * 2 ** 31), faultBytesMax)));
        }
        const isHttp = Math.floor(chance() * 3);
        const sources = proxies.map(({ port }, i) => {
          const scheme = isHttp === 2 || (isHttp === 1 && i % 2 === 1) ? 'http' : 'mgp';
          return `${scheme}://127.0.0.1:${port}/file.bin`;
        });
        const lost = chance() < 0.3 ? loseServer(chance) : undefined;
        outcome = await client.run({ sources, output, msMax: attemptMsMax });
        await lost;
        for (const proxy of proxies) {
          for (const fault of proxy.faults) counts.faults[fault] = (counts.faults[fault] ?? 0) + 1;
          counts.connections += proxy.faults.length;
          await proxy[Symbol.asyncDispose]();
        }
        if (outcome.error?.code === 'hung') throw new Error(outcome.error.message);
        if (outcome.leaked !== '') throw new Error(`after a download the client still holds ${outcome.leaked}`);
        if (outcome.error === undefined) break;
        counts.again += 1;
      }
      if (outcome?.error !== undefined) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
      if (createHash('sha256').update(readFileSync(output)).digest('hex') !== digest)
        throw new Error('the bytes are wrong');
      rmSync(output);
      const left = readdirSync(folder).filter((name) => name.startsWith('out-'));
      if (left.length > 0) throw new Error(`${left.join(', ')} is left behind`);
      held.push(outcome?.heldBytes ?? 0);
      counts.rounds += 1;
    }
    const grown = growth(held);
    if (counts.rounds >= roundsForMemory && grown > growthBytesMax) {
      throw new Error(`the client's memory grew by ${(grown / mib).toFixed(1)} MiB in ${counts.rounds} downloads`);
    }
    const connections = () => fleet.snapshot().servers.reduce((sum, server) => sum + server.clients, 0);
    await soon(() => connections() === 0, 'a server still has connections of clients that are gone');
    const faults = Object.entries(counts.faults).map(([fault, count]) => `${count} ${fault}`);
    process.stdout.write(
      `seed ${seed}: ${counts.rounds} downloads of ${sizeMib} MiB in ${((Date.now() - startedAtMs) / 1000).toFixed(0)} s, ` +
        `${counts.connections} connections (${faults.join(', ')}), ${counts.deaths} servers killed and back, ` +
        `${counts.again} times the same command again\n` +
        `every byte is right, nothing is left open; the client holds ${(median(held) / mib).toFixed(1)} MiB${
          counts.rounds < roundsForMemory
            ? ''
            : `, ${(grown / 1024).toFixed(0)} KiB more in the last quarter of the downloads than in the second`
        }\n`,
    );
  } finally {
    client.end();
    await fleet.stop();
  }
  await soon(
    () => {
      const now = ownHandles();
      return now.resources <= before.resources && now.listeners <= before.listeners;
    },
    `the servers leave something behind: ${process.getActiveResourcesInfo().join(', ')}`,
  );
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    round: { type: 'string' },
    mib: { type: 'string', default: '12' },
  },
});
const options = {
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  round: values.round === undefined ? undefined : Number(values.round),
  sizeMib: Number(values.mib),
};
const folder = mkdtempSync(join(tmpdir(), 'manyget-soak-'));
const at = { round: 1 };
try {
  await soak(options, folder, at);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.stderr.write(`again: npm run soak -- --seed ${options.seed} --round ${at.round} --mib ${options.sizeMib}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
