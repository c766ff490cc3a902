// @ts-check
// A client and servers in network namespaces of their own, and the links between them (relay.c). Linux, as root.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';

/**
 * @typedef {import('../../test/sim/world.js').World} World
 * @typedef {object} Net
 * @property {string} clientSpace The client's namespace.
 * @property {readonly ServerPlace[]} servers
 * @property {(index: number, rate: number) => void} setRate Of a server's link, as goodput in bytes a second.
 * @property {() => Promise<Lateness>} stop Takes everything down.
 * @typedef {{ readonly space: string, readonly address: string }} ServerPlace
 * @typedef {{ readonly meanUs: number, readonly maxUs: number }} Lateness How late packets left.
 */

/** Of 1500 bytes of a packet 1448 are the file's; on Ethernet it takes 14 more. */
const packetShare = 1500 / 1448;
const framedShare = 1514 / 1448;
/** What waits before the client's own link, in seconds of it. */
const clientQueueSeconds = 0.1;
/** The least rate of a link: what stands still is stopped at its server. */
const rateMin = 100;

/** The relay, compiled. @param {string} folder */
export function compileRelay(folder) {
  const binary = path.join(folder, 'relay');
  const compiled = spawnSync('cc', ['-O2', '-o', binary, path.join(import.meta.dirname, 'relay.c')]);
  if (compiled.status !== 0) throw new Error(`relay.c does not compile: ${compiled.stderr?.toString() ?? 'no cc'}`);
  return binary;
}

/** @param {readonly string[]} args */
function ip(...args) {
  const done = spawnSync('ip', args);
  if (done.status !== 0) throw new Error(`ip ${args.join(' ')}: ${done.stderr?.toString().trim() ?? 'no ip'}`);
}

/**
 * @param {World} world
 * @param {string} relay
 * @param {string} congestionControl Of the servers, as Linux names it.
 * @returns {Promise<Net>}
 */
export async function startNet(world, relay, congestionControl) {
  const clientSpace = `manyget-${process.pid}-client`;
  const servers = world.sources.map((_, i) => ({ space: `manyget-${process.pid}-${i}`, address: `10.83.${i + 1}.1` }));
  const spaces = [clientSpace, ...servers.map(({ space }) => space)];
  /** @type {string[]} */
  const made = [];
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  const clear = () => {
    child?.stdin?.end();
    made.forEach((space) => ip('netns', 'delete', space));
  };
  try {
    for (const space of spaces) {
      ip('netns', 'add', space);
      made.push(space);
    }
    const running = spawn(relay, relayArguments(world, clientSpace, servers), { stdio: ['pipe', 'pipe', 'inherit'] });
    child = running;
    const ended = once(running, 'exit');
    const lines = createInterface({ input: running.stdout })[Symbol.asyncIterator]();
    if ((await lines.next()).value !== 'ready') throw new Error('the relay did not start');
    setUp(clientSpace, '10.83.0.1', congestionControl);
    for (const { space, address } of servers) setUp(space, address, congestionControl);
    return {
      clientSpace,
      servers,
      setRate: (index, rate) => void running.stdin.write(`rate ${index} ${Math.max(rateMin, rate * packetShare)}\n`),
      stop: async () => {
        running.stdin.end();
        const last = String((await lines.next()).value);
        await ended;
        clear();
        const [, mean = NaN, max = NaN] = last.split(' ').map(Number);
        return { meanUs: mean, maxUs: max };
      },
    };
  } catch (error) {
    clear();
    throw error;
  }
}

/**
 * @param {World} world
 * @param {string} clientSpace
 * @param {readonly ServerPlace[]} servers
 */
function relayArguments(world, clientSpace, servers) {
  const clientRate = (world.clientRate ?? 0) * framedShare;
  const links = world.sources.flatMap((source, i) => [
    servers[i]?.space ?? '',
    ...[source.rttMs * 1000, source.rate * packetShare, source.queueBytes, source.lossRate * 1e6].map(String),
  ]);
  return [clientSpace, String(clientRate), String(Math.round(clientRate * clientQueueSeconds)), ...links];
}

/** @param {string} space @param {string} address @param {string} congestionControl */
function setUp(space, address, congestionControl) {
  ip('-n', space, 'link', 'set', 'lo', 'up');
  ip('-n', space, 'link', 'set', 'link0', 'up', 'txqueuelen', '5000');
  ip('-n', space, 'address', 'add', `${address}/32`, 'dev', 'link0');
  ip('-n', space, 'route', 'add', '10.83.0.0/16', 'dev', 'link0', 'congctl', congestionControl);
}
