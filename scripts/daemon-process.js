// @ts-check
// A daemon as a process of its own, for benches and for what kills it.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { commandPath } from './command-path.js';

/**
 * @param {string} folder Its state and its downloads are in there.
 * @param {readonly string[]} [flags]
 */
export async function startDaemon(folder, flags = []) {
  const state = path.join(folder, 'state');
  const args = [commandPath, 'daemon', '--port', '0', '-d', path.join(folder, 'downloads'), ...flags];
  const env = { ...process.env, MANYGET_STATE: state };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let pageUrl = '';
  for await (const line of createInterface({ input: child.stdout })) {
    pageUrl = /page (\S+)/.exec(line)?.[1] ?? '';
    if (pageUrl !== '') break;
  }
  if (pageUrl === '') throw new Error('the daemon did not begin');
  child.stdout.resume();
  const token = fs.readFileSync(path.join(state, 'token'), 'utf8').trim();
  const { port } = new URL(pageUrl);
  const headers = { authorization: `Bearer ${token}` };
  return {
    pageUrl,
    token,
    port: Number(port),
    pid: child.pid ?? 0,
    /**
     * @param {string} at Path of the API.
     * @param {unknown} [body] POSTed as JSON.
     * @returns {Promise<unknown>}
     */
    api: (at, body) =>
      new Promise((resolve, reject) => {
        const method = body === undefined ? 'GET' : 'POST';
        const request = http.request({ port, path: at, headers, method, agent: false }, (response) => {
          /** @type {Buffer[]} */
          const chunks = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
        });
        request.on('error', reject);
        request.end(body === undefined ? undefined : JSON.stringify(body));
      }),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
