// @ts-check
// `npm run bench -- links [--worlds 01,02+slow] [--seeds 7,8] [--tools native,http,aria2-x4] [--repeat 3] [--cc cubic] [--dir FOLDER]`
// The worlds of the simulator (test/sim/named-worlds.ts, or drawn from seeds) over real TCP: every server and the client in a
// network namespace of its own, with links of the rates, round trips, queues and losses that the world names, while servers
// die, stall, slow down and return. Our servers have no limit for each connection: worlds with one are skipped there.
// Prints each tool's whole time over the ideal: the file / what the servers and the client's link can carry together, without
// a handshake. Linux, as root, with cc, ip and nginx; of the tools those that are installed. Keep the links' sum at
// 400 Mbit/s, or the machine is what is measured: how late packets left is printed where that is above 0.5 ms.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { serve } from '../dist/index.js';
import { hashesKnown, machineLine } from './compare-tools.js';
import { compileRelay, startNet } from './links/net.js';
import { startServer } from './links/servers.js';
import { chooseTools, toolNames } from './links/tools.js';
import { sha256, writeNoise } from './test-file.js';
import { median, timeProcess } from './timed-process.js';

/**
 * @typedef {import('../test/sim/world.js').World} World
 * @typedef {import('./links/tools.js').Tool} Tool
 * @typedef {typeof import('../test/sim/named-worlds.js') & typeof import('../test/sim/random-world.js') &
 *   typeof import('../test/sim/rate-curve.js') & typeof import('../test/sim/world.js')} Simulator
 * @typedef {object} Bench
 * @property {Simulator} simulator
 * @property {string} folder
 * @property {string} relay
 * @property {string} congestionControl
 * @property {AbortSignal} interrupted
 * @property {Map<number, { file: string, digest: string }>} files By size.
 */

const limitSeconds = 120;
const lateUsMax = 500;

/**
 * @param {string[]} args
 * @returns {Promise<number>} The exit status.
 */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      worlds: { type: 'string' },
      seeds: { type: 'string', default: '' },
      tools: { type: 'string', default: toolNames.join(',') },
      repeat: { type: 'string', default: '1' },
      cc: { type: 'string', default: 'cubic' },
      dir: { type: 'string', default: os.tmpdir() },
    },
  });
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    process.stderr.write('bench links: needs Linux and root, for network namespaces\n');
    return 2;
  }
  const simulator = await loadSimulator();
  const worlds = chooseWorlds(simulator, values.worlds ?? (values.seeds === '' ? undefined : ''), values.seeds);
  const tools = chooseTools(values.tools.split(','));
  const folder = fs.mkdtempSync(path.join(values.dir, 'manyget-links-'));
  process.env['XDG_CACHE_HOME'] = path.join(folder, 'cache');
  // On a terminal the tool hears it as well. When it has ended, all that was made is taken down.
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupt.abort());
  try {
    /** @type {Bench} */
    const bench = {
      ...{ simulator, folder, relay: compileRelay(folder), files: new Map() },
      ...{ congestionControl: values.cc, interrupted: interrupt.signal },
    };
    process.stdout.write(`time / ideal, ${values.cc}, ${repeats(Number(values.repeat))}, ${machineLine()}\n`);
    process.stdout.write(row('world', ['ideal', ...tools.map(({ name }) => name)]));
    for (const world of worlds) await measure(bench, world, tools, Number(values.repeat));
    return 0;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    return 130;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** @param {number} repeat */
function repeats(repeat) {
  return repeat === 1 ? 'one run each' : `medians of ${repeat} runs in turn`;
}

/** @param {string} name @param {readonly string[]} cells */
function row(name, cells) {
  return `${name.padEnd(18)}${cells.map((cell) => cell.padStart(10)).join('')}\n`;
}

/** The simulator's worlds, compiled. @returns {Promise<Simulator>} */
async function loadSimulator() {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const words = [tsc, '-p', path.join(import.meta.dirname, 'tsconfig.json')];
  const result = spawnSync(process.execPath, words, { stdio: 'inherit' });
  if (result.status !== 0) throw new Error('the simulator does not compile');
  const names = ['named-worlds', 'random-world', 'rate-curve', 'world'];
  const from = (/** @type {string} */ name) => new URL(`../tmp/bench/test/sim/${name}.js`, import.meta.url).href;
  const modules = await Promise.all(names.map((name) => import(from(name))));
  return Object.assign({}, ...modules);
}

/**
 * @param {Simulator} simulator
 * @param {string | undefined} names Empty: none; undefined: the ten that the tables in bench/README.md have.
 * @param {string} seeds
 */
function chooseWorlds({ namedWorld, namedWorlds, randomWorld }, names, seeds) {
  const listed = names === undefined ? namedWorlds.slice(0, 10).map(({ name }) => name) : names.split(',');
  const named = listed
    .filter((name) => name !== '')
    .map((name) => {
      const world = namedWorld(name);
      if (world === undefined) throw new Error(`--worlds: no world ${name} in test/sim/named-worlds.ts`);
      return world;
    });
  const drawn = seeds.split(',').filter((seed) => seed !== '');
  return [...named, ...drawn.map((seed) => randomWorld(Number(seed)))];
}

/**
 * Runs the tools in turn, and prints their row.
 * @param {Bench} bench
 * @param {World} world
 * @param {readonly Tool[]} tools
 * @param {number} repeat
 */
async function measure(bench, world, tools, repeat) {
  const idealS = bench.simulator.fluidBoundMs(world) / 1000;
  const runs = tools.map(() => /** @type {(number | string)[]} */ ([]));
  for (let i = 0; i < repeat; i += 1) {
    for (const [index, tool] of tools.entries()) {
      const ended = await runOne(bench, world, tool);
      runs[index]?.push(typeof ended === 'number' ? ended / idealS : ended);
    }
  }
  const cells = runs.map((ended) => {
    const failure = ended.find((one) => typeof one === 'string');
    return failure ?? median(ended.map(Number)).toFixed(3);
  });
  process.stdout.write(row(world.name, [`${idealS.toFixed(1)} s`, ...cells]));
}

/**
 * One tool in one world, all of it made anew: no TCP remembers another run.
 * @param {Bench} bench
 * @param {World} world
 * @param {Tool} tool
 * @returns {Promise<number | string>} Seconds, or what became of it instead.
 */
async function runOne(bench, world, tool) {
  const isLimited = world.sources.some(({ connectionRateMax }) => connectionRateMax !== undefined);
  if (isLimited && tool.kind === 'mgp') return 'skipped';
  const { file, digest } = await fileFor(bench, world.sizeBytes);
  const { clientSpace, servers: places, setRate, stop } = await startNet(world, bench.relay, bench.congestionControl);
  const out = path.join(bench.folder, 'out.bin');
  /** @type {import('./links/servers.js').Server[]} */
  const servers = [];
  try {
    for (const [i, place] of places.entries()) {
      const connectionRateMax = world.sources[i]?.connectionRateMax;
      servers.push(await startServer(tool.kind, place, { file, folder: bench.folder, connectionRateMax }));
    }
    const rates = world.sources.map(({ rate }) => rate);
    const best = servers[rates.indexOf(Math.max(...rates))]?.url ?? '';
    const command = tool.command(
      servers.map(({ url }) => url),
      out,
      best,
    );
    const events = actOut(bench.simulator, world, servers, setRate);
    const limited = ['ip', 'netns', 'exec', clientSpace, 'timeout', '-s', 'KILL', String(limitSeconds), ...command];
    const ended = await timeProcess(limited).catch((/** @type {Error} */ error) => failureOf(error));
    events.stop();
    bench.interrupted.throwIfAborted();
    if (typeof ended === 'string') return ended;
    return sha256(out) === digest ? ended.wallS : 'wrong file';
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    const late = await stop();
    if (late.meanUs > lateUsMax)
      process.stdout.write(`${tool.name}: packets left ${late.meanUs} us late: too busy a machine\n`);
    for (const name of fs.readdirSync(bench.folder)) {
      if (name.startsWith('out.bin')) fs.rmSync(path.join(bench.folder, name), { recursive: true });
    }
  }
}

/**
 * `timeout` ends what takes too long with 137.
 * @param {Error} error Of `timeProcess`.
 */
function failureOf(error) {
  const status = / exited with (\d+)/.exec(error.message)?.[1];
  if (status === undefined) throw error;
  return status === '137' ? 'time-out' : `status ${status}`;
}

/**
 * A file of that size whose hashes our servers find in their cache, as those of a file that is served for longer.
 * @param {Bench} bench
 * @param {number} sizeBytes
 */
async function fileFor({ files, folder }, sizeBytes) {
  const known = files.get(sizeBytes);
  if (known !== undefined) return known;
  const file = path.join(folder, `data-${sizeBytes}.bin`);
  writeNoise(file, sizeBytes);
  const made = { file, digest: sha256(file) };
  const fleet = await serve({ paths: [file], ports: [0] });
  await hashesKnown(fleet);
  await fleet.stop();
  files.set(sizeBytes, made);
  return made;
}

/**
 * From now on lets the links and servers do what the world says of them.
 * @param {Simulator} simulator
 * @param {World} world
 * @param {readonly import('./links/servers.js').Server[]} servers
 * @param {(index: number, rate: number) => void} setRate
 */
function actOut({ RateCurve, slotMs }, world, servers, setRate) {
  const curves = world.sources.map((_, i) => new RateCurve(world, i));
  const rates = world.sources.map(({ rate }) => rate);
  const startedAt = performance.now();
  const look = () => {
    const slot = Math.floor((performance.now() - startedAt) / slotMs);
    for (const [i, curve] of curves.entries()) {
      servers[i]?.become(curve.state(slot));
      const rate = curve.link(slot);
      if (rate === rates[i]) continue;
      setRate(i, rate);
      rates[i] = rate;
    }
  };
  look();
  const timer = setInterval(look, slotMs / 5);
  return { stop: () => clearInterval(timer) };
}
