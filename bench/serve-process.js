// @ts-check
// A fleet of servers as a process of its own, for benches.
import { spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { commandPath } from '../scripts/command-path.js';

/**
 * @param {string} file
 * @param {number} count
 * @param {string} cacheFolder
 * @returns {Promise<{ pid: number, urls: string[], stop: () => Promise<void> }>}
 */
export async function startServers(file, count, cacheFolder) {
  const words = [commandPath, 'serve', file, '-n', String(count), '-p', '0', '-i', '0.2', '--json'];
  const env = { ...process.env, XDG_CACHE_HOME: cacheFolder };
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  /** @type {Promise<number[]>} */
  const listening = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`manyget serve ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      /** @type {{ snapshot?: { servers: { port: number, state: string }[] } }} */
      const { snapshot } = JSON.parse(line);
      if (snapshot?.servers.every((server) => server.state === 'alive') !== true) return;
      resolve(snapshot.servers.map((server) => server.port));
    });
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  const urls = (await listening).map((port) => `mgp://127.0.0.1:${port}/${path.basename(file)}`);
  return { pid: child.pid ?? 0, urls, stop };
}
