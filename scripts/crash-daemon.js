// @ts-check
// `npm run crash -- --daemon [--kills 20] [--downloads 20] [--mib 12] [--seed N] [--http]`: the daemon, with downloads in
// progress, is killed (SIGKILL) at random moments and started anew, until it has been killed so many times; then it is left
// to end. Holds: every download goes on by itself and completes, the bytes are right, nothing of their state is left, and a
// kill costs no download more than what the servers bring it in a second. The seed decides the moments.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startDaemon } from './daemon-process.js';
import { randomFrom } from './seeded-random.js';

const mib = 1024 * 1024;
const serverCount = 4;
/** Of each server. */
const bytesPerSec = 2 * mib;
/** Kills at a moment that does not depend on what was received: while it starts, or reads what is there. */
const blindShare = 0.25;
const blindMsMax = 800;
/** All kills fall into this share of the whole: so that all downloads are still in progress. */
const killedShare = 0.8;
const endMsMax = 180_000;

/**
 * @typedef {{ gid: string, name: string, state: string, phase: string | undefined, doneBytes: number }} Item
 * @typedef {Awaited<ReturnType<typeof startDaemon>>} RunningDaemon
 * @typedef {{ kills: number, downloads: number, sizeMib: number, seed: number, http: boolean }} Wishes
 */

/** What is to be ended where something goes wrong. @type {(() => Promise<void>)[]} */
const onFault = [];

/** @param {RunningDaemon} daemon */
const listOf = async (daemon) => /** @type {Item[]} */ (await daemon.api('/api/downloads'));

/** Read again and found right, or not looked at yet: what is known only counts after that. @param {Item} item */
const isUnderWay = (item) => item.state === 'complete' || item.phase === 'downloading' || item.phase === 'finishing';

/**
 * What each download had when its daemon was killed, and what the next daemon found of it.
 * @param {RunningDaemon} daemon
 * @param {Map<string, number>} had
 * @returns {Promise<number[]>} What each one lost, in bytes.
 */
async function lossesOf(daemon, had) {
  for (let items = await listOf(daemon); ; items = await listOf(daemon)) {
    if (!items.every(isUnderWay)) {
      await wait(20);
      continue;
    }
    const losses = [];
    for (const { gid, state } of items) {
      if (state === 'complete') continue;
      const detail = /** @type {{ resumedBytes: number }} */ (await daemon.api(`/api/downloads/${gid}`));
      losses.push(Math.max(0, (had.get(gid) ?? 0) - detail.resumedBytes));
    }
    return losses;
  }
}

/**
 * @param {Wishes} wishes
 * @param {string} folder
 */
async function crash({ kills, downloads, sizeMib, seed, http }, folder) {
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
  const { serve } = await import('../dist/index.js');
  const random = randomFrom(seed);
  const digests = new Map();
  const paths = Array.from({ length: downloads }, (_, n) => {
    const bytes = contentOf(n + seed * 1000, sizeMib * mib + 4321);
    digests.set(`file-${n}.bin`, createHash('sha256').update(bytes).digest('hex'));
    const path = join(folder, `file-${n}.bin`);
    writeFileSync(path, bytes);
    return path;
  });
  const wholeBytes = downloads * (sizeMib * mib + 4321);
  const fleet = await serve({ paths, ports: new Array(serverCount).fill(0), rateLimits: [bytesPerSec] });
  const flags = ['-j', String(downloads)];
  let daemon = await startDaemon(folder, flags);
  onFault.push(
    () => daemon.kill(),
    () => fleet.stop(),
  );
  for (const name of digests.keys()) {
    const sources = fleet.snapshot().servers.map(({ port }) => `${http ? 'http' : 'mgp'}://127.0.0.1:${port}/${name}`);
    await daemon.api('/api/downloads', { sources, options: {} });
  }
  const startedAtMs = Date.now();
  const figures = { blind: 0, lostBytesMax: 0, lostBytes: 0, inProgressMin: downloads };
  /** @type {Map<string, number>} */
  const had = new Map();
  for (let kill = 1; kill <= kills; kill += 1) {
    const goal = (wholeBytes * killedShare * (kill - random())) / kills;
    if (random() < blindShare) {
      figures.blind += 1;
      await wait(random() * blindMsMax);
    } else {
      for (let items = await listOf(daemon); ; items = await listOf(daemon)) {
        if (items.every(isUnderWay) && items.reduce((sum, item) => sum + item.doneBytes, 0) >= goal) break;
        await wait(20);
      }
    }
    const items = await listOf(daemon);
    await daemon.kill();
    for (const item of items) if (isUnderWay(item)) had.set(item.gid, Math.max(had.get(item.gid) ?? 0, item.doneBytes));
    figures.inProgressMin = Math.min(figures.inProgressMin, items.filter(({ state }) => state === 'active').length);
    daemon = await startDaemon(folder, flags);
    // A kill in the start or in the check finds what the one before left: what is lost is seen once it is through.
    if (random() < blindShare) continue;
    const losses = await lossesOf(daemon, had);
    figures.lostBytes += losses.reduce((sum, bytes) => sum + bytes, 0);
    figures.lostBytesMax = Math.max(figures.lostBytesMax, ...losses);
  }
  for (
    let items = await listOf(daemon);
    !items.every(({ state }) => state === 'complete');
    items = await listOf(daemon)
  ) {
    const failed = items.filter(({ state }) => state !== 'complete' && state !== 'active');
    if (failed.length > 0) throw new Error(`${failed.map(({ name, state }) => `${name} is ${state}`).join(', ')}`);
    if (Date.now() - startedAtMs > endMsMax) throw new Error(`not complete after ${endMsMax / 1000} s`);
    await wait(100);
  }
  const seconds = (Date.now() - startedAtMs) / 1000;
  const sentBytes = fleet.snapshot().servers.reduce((sum, server) => sum + server.sentBytes, 0);
  await daemon.stop();
  await fleet.stop();
  checkFiles(join(folder, 'downloads'), digests);
  // What one download is brought in a second, as they share the servers.
  const secondBytes = (serverCount * bytesPerSec) / downloads;
  report(
    { ...figures, seconds, twiceBytes: sentBytes - wholeBytes, secondBytes },
    { kills, downloads, sizeMib, seed, http },
  );
}

/**
 * @param {string} folder
 * @param {Map<string, string>} digests
 */
function checkFiles(folder, digests) {
  for (const [name, digest] of digests) {
    const found = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
    if (found !== digest) throw new Error(`${name} has other bytes than were served`);
  }
  const left = readdirSync(folder).filter((name) => !digests.has(name));
  if (left.length > 0) throw new Error(`left in the folder: ${left.join(', ')}`);
}

/**
 * @param {{ blind: number, lostBytes: number, lostBytesMax: number, inProgressMin: number, seconds: number, twiceBytes: number, secondBytes: number }} figures
 * @param {Wishes} wishes
 */
function report(figures, { kills, downloads, http }) {
  const { lostBytesMax, secondBytes, twiceBytes } = figures;
  const worst = lostBytesMax / secondBytes;
  const twice = twiceBytes / (kills * downloads * secondBytes);
  process.stdout.write(
    `${kills} kills of a daemon with ${figures.inProgressMin} to ${downloads} downloads in progress over ${http ? 'HTTP' : 'mgp'}, ` +
      `${figures.blind} of them blind, in ${figures.seconds.toFixed(0)} s: all complete, all bytes right\n` +
      `received and fetched again: ${(figures.lostBytes / mib).toFixed(1)} MiB in all, ${(lostBytesMax / 1024).toFixed(0)} KiB of one download in one kill ` +
      `at the most (${worst.toFixed(2)} s of what it was brought)\n` +
      `sent twice by the servers, what was on its way included: ${(twiceBytes / mib).toFixed(1)} MiB, ${twice.toFixed(2)} s for each kill\n`,
  );
  if (worst > 1) throw new Error('a kill cost a download more than a second of what it was brought');
}

/**
 * @param {number} seed
 * @param {number} sizeBytes
 */
function contentOf(seed, sizeBytes) {
  const bytes = Buffer.alloc(sizeBytes, createHash('sha512').update(String(seed)).digest());
  for (let at = 0; at + 4 <= sizeBytes; at += 64) bytes.writeUInt32LE(at >>> 6, at);
  return bytes;
}

const { values } = parseArgs({
  options: {
    daemon: { type: 'boolean' },
    kills: { type: 'string', default: '20' },
    downloads: { type: 'string', default: '20' },
    mib: { type: 'string', default: '12' },
    seed: { type: 'string' },
    http: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed ?? Date.now() % 100_000);
const folder = mkdtempSync(join(tmpdir(), 'manyget-crash-'));
try {
  const [kills, downloads, sizeMib] = [Number(values.kills), Number(values.downloads), Number(values.mib)];
  await crash({ kills, downloads, sizeMib, seed, http: values.http }, folder);
} catch (error) {
  process.exitCode = 1;
  console.error(error);
  console.error(
    `again: npm run crash -- --daemon --kills ${values.kills} --downloads ${values.downloads} --mib ${values.mib} --seed ${seed}${values.http ? ' --http' : ''}`,
  );
  for (const end of onFault) await end();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
