// @ts-check
// Those who look at a daemon in `bench/daemon.js`, in a process of their own, which does nothing else: what it measures is
// the daemon, not what the bench itself is at. Started with a message, ends with another: what was seen.
import http from 'node:http';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

const everyMs = 1000;

/**
 * @typedef {{ port: number, token: string, pages: number, frontEnds: number, seconds: number, running: string[] }} Wishes
 * @typedef {{ times: [what: string, ms: number[]][], streamedMiB: number, ownDelayMs: number }} Looked
 */

/** @type {Wishes} */
let wishes = { port: 0, token: '', pages: 0, frontEnds: 0, seconds: 0, running: [] };
/** @type {Map<string, number[]>} */
const times = new Map();
let streamedMiB = 0;
const agent = new http.Agent({ keepAlive: true });

process.on('message', (/** @type {Wishes | string[]} */ message) => {
  // Which downloads run now changes all the time.
  if (Array.isArray(message)) wishes.running = message;
  else void look(message);
});

/** @param {Wishes} wanted */
async function look(wanted) {
  wishes = wanted;
  const ownDelay = monitorEventLoopDelay({ resolution: 5 });
  ownDelay.enable();
  const until = performance.now() + wishes.seconds * 1000;
  await Promise.all([
    ...Array.from({ length: wishes.pages }, (_, n) => page(n, until)),
    ...Array.from({ length: wishes.frontEnds }, (_, n) => frontEnd(n, until)),
  ]);
  agent.destroy();
  /** @type {Looked} */
  const looked = { times: [...times], streamedMiB, ownDelayMs: ownDelay.percentile(99) / 1e6 };
  process.send?.(looked, () => process.disconnect());
}

/**
 * A browser's page: one stream of events with the map of a running download, and each second its details.
 * @param {number} n
 * @param {number} until
 */
async function page(n, until) {
  await delay((n * everyMs) / wishes.pages);
  await ask('page', '/', undefined);
  /** @type {http.ClientRequest | undefined} */
  let stream;
  let gid = '';
  while (performance.now() < until) {
    const next = wishes.running[n % Math.max(1, wishes.running.length)] ?? gid;
    if (next !== gid) {
      gid = next;
      stream?.destroy();
      stream = follow(gid);
    }
    if (gid !== '') await ask('details', `/api/downloads/${gid}`, undefined);
    await delay(everyMs);
  }
  stream?.destroy();
}

/**
 * A front end for aria2, and with it somebody who lists the queue over the daemon's own API.
 * @param {number} n
 * @param {number} until
 */
async function frontEnd(n, until) {
  await delay((n * everyMs) / wishes.frontEnds);
  const token = `token:${wishes.token}`;
  const calls = [
    ['aria2.getGlobalStat', []],
    ['aria2.tellActive', []],
    ['aria2.tellWaiting', [0, 1000]],
    ['aria2.tellStopped', [-1, 1000]],
  ];
  while (performance.now() < until) {
    for (const [method, params] of calls) {
      const call = { jsonrpc: '2.0', id: 1, method, params: [token, .../** @type {unknown[]} */ (params)] };
      await ask(`RPC ${method}`, '/jsonrpc', call);
    }
    await ask('list', '/api/downloads', undefined);
    await delay(everyMs);
  }
}

/**
 * @param {string} what
 * @param {string} at
 * @param {unknown} body
 */
async function ask(what, at, body) {
  const from = performance.now();
  await get(at, body);
  const known = times.get(what) ?? [];
  times.set(what, known);
  known.push(performance.now() - from);
}

/**
 * @param {string} at
 * @param {unknown} body
 * @returns {Promise<void>}
 */
function get(at, body) {
  const headers = { authorization: `Bearer ${wishes.token}` };
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const request = http.request({ port: wishes.port, path: at, headers, agent, method }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${at} was answered with ${response.statusCode}`));
      });
    });
    // A kept connection may end just as it is used again; a browser asks once more then, too.
    request.on('error', (error) => {
      if (request.reusedSocket) get(at, body).then(resolve, reject);
      else reject(error);
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** @param {string} gid */
function follow(gid) {
  const headers = { authorization: `Bearer ${wishes.token}` };
  const at = `/api/events?gid=${gid}&cells=800`;
  const request = http.get({ port: wishes.port, path: at, headers, agent: false }, (response) => {
    response.on('data', (/** @type {Buffer} */ chunk) => (streamedMiB += chunk.length / 2 ** 20));
  });
  // It is ended by us.
  request.on('error', () => undefined);
  return request;
}
