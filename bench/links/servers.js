// @ts-check
// The servers of a world: nginx, or ours, each in its own namespace, which die, stall and come back when the world says so.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { commandPath } from '../../scripts/command-path.js';

/**
 * @typedef {import('./net.js').ServerPlace} ServerPlace
 * @typedef {'up' | 'stalled' | 'down'} State
 * @typedef {'mgp' | 'http'} Kind
 * @typedef {object} Server
 * @property {string} url
 * @property {(state: State) => void} become Kills it, halts it, starts it again.
 * @property {() => Promise<void>} stop
 */

const ports = { mgp: 9001, http: 80 };

/**
 * Resolves when it listens.
 * @param {Kind} kind
 * @param {ServerPlace} place
 * @param {{ readonly file: string, readonly folder: string, readonly connectionRateMax: number | undefined }} task The file, a
 * folder for state, and what nginx gives to a connection at most, in bytes a second.
 * @returns {Promise<Server>}
 */
export async function startServer(kind, place, task) {
  const words = kind === 'mgp' ? ownServer(place, task.file) : nginx(place, task);
  const start = () => spawn('ip', ['netns', 'exec', place.space, ...words], { stdio: 'ignore' });
  let child = start();
  /** @type {State} */
  let state = 'up';
  /** @type {Promise<unknown>} */
  let ended = once(child, 'exit');
  await listening(child, ports[kind]);
  return {
    url: `${kind}://${place.address}${kind === 'mgp' ? `:${ports.mgp}` : ''}/${path.basename(task.file)}`,
    become(next) {
      if (next === state) return;
      if (next === 'down') child.kill('SIGKILL');
      else if (next === 'stalled') child.kill('SIGSTOP');
      else if (state === 'stalled') child.kill('SIGCONT');
      else {
        child = start();
        ended = once(child, 'exit');
      }
      state = next;
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** @param {ServerPlace} place @param {string} file */
function ownServer({ address }, file) {
  return [process.execPath, commandPath, 'serve', file, '-n', '1', '-p', String(ports.mgp), '--host', address];
}

/** @param {ServerPlace} place @param {Parameters<typeof startServer>[2]} task */
function nginx({ space }, { file, folder, connectionRateMax }) {
  const state = path.join(folder, space);
  fs.mkdirSync(state, { recursive: true });
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((p) => `${p}_temp_path ${state};`).join(' ');
  const limit = connectionRateMax === undefined ? '' : `limit_rate ${Math.round(connectionRateMax)};`;
  fs.writeFileSync(
    path.join(state, 'nginx.conf'),
    `daemon off; master_process off; pid ${state}/pid; error_log ${state}/error.log;
     events { worker_connections 1024; }
     http { access_log off; sendfile on; tcp_nopush on; ${limit} ${paths}
       server { listen ${ports.http}; root ${path.dirname(file)}; } }`,
  );
  return ['nginx', '-p', state, '-c', path.join(state, 'nginx.conf')];
}

/**
 * Until somebody listens at the port in the namespace of the process.
 * @param {import('node:child_process').ChildProcess} child
 * @param {number} port
 */
async function listening(child, port) {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
  while (!socketsOf(child.pid ?? 0).includes(local)) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The table of IPv4 sockets that a process sees; empty before it has one. @param {number} pid */
function socketsOf(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/net/tcp`, 'utf8');
  } catch {
    return '';
  }
}
