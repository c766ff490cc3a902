// @ts-check
// The two programs of the demo, run as a user runs them: a fleet of servers that is steered by typing, and a client.
// Owns their processes; whoever asks for one ends it. Knows nothing of the story that the demo tells.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const repoRoot = fileURLToPath(new URL('..', import.meta.url));
const manyget = join('dist', 'bin', 'manyget.js');

/**
 * @typedef {{ number: number, port: number, state: string, clients: number, sentBytes: number }} Server
 * @typedef {{ servers: readonly Server[], files: readonly { name: string, sizeBytes: number, hashed: number }[] }} Snapshot
 * @typedef {{ code: number | null, signal: string | null }} Ending
 */

/**
 * @param {readonly string[]} args
 * @returns {string} What a user types for them.
 */
export function commandLine(args) {
  const words = ['node', manyget, ...args];
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

/** A running `manyget serve --json`. */
export class Fleet {
  /** @type {Snapshot | undefined} */
  snapshot;
  /** Bytes sent by servers that were opened anew since, so that `sentBytes` never falls. */
  #sentBefore = 0;
  #child;
  #ended = false;
  /** @type {Set<() => void>} */
  #watchers = new Set();

  /** @param {readonly string[]} args */
  constructor(args) {
    this.#child = spawn(process.execPath, [manyget, ...args], { cwd: repoRoot, stdio: ['pipe', 'pipe', 'inherit'] });
    // What is typed to a fleet that has ended goes nowhere; the ending itself is what gets reported.
    this.#child.stdin.on('error', () => {});
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#read(line));
    /** @type {Promise<Ending>} */
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code, signal) => {
        this.#ended = true;
        resolve({ code, signal });
        this.#wake();
      });
    });
  }

  /** Bytes that all servers have sent since the fleet started. */
  get sentBytes() {
    const sent = this.snapshot?.servers.reduce((sum, server) => sum + server.sentBytes, 0) ?? 0;
    return sent + this.#sentBefore;
  }

  get hasEnded() {
    return this.#ended;
  }

  /** @param {number} number */
  server(number) {
    return this.snapshot?.servers.find((server) => server.number === number);
  }

  /** @param {string} line What an operator types. */
  type(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  kill() {
    this.#child.kill('SIGKILL');
  }

  /**
   * Waits until `holds` does, looking at every report of the fleet.
   * @param {string} what For the error, should it never be so.
   * @param {() => boolean} holds
   * @param {AbortSignal} signal
   * @returns {Promise<void>}
   */
  until(what, holds, signal) {
    return new Promise((resolve, reject) => {
      /** @param {() => void} settle */
      const finish = (settle) => {
        this.#watchers.delete(look);
        signal.removeEventListener('abort', look);
        settle();
      };
      const look = () => {
        if (holds()) finish(resolve);
        else if (signal.aborted) finish(() => reject(new Error(`gave up waiting for ${what}`)));
        else if (this.#ended) finish(() => reject(new Error(`the servers ended while waiting for ${what}`)));
      };
      this.#watchers.add(look);
      signal.addEventListener('abort', look);
      look();
    });
  }

  /** @param {string} line */
  #read(line) {
    /** @type {{ type: string, snapshot?: Snapshot }} */
    const message = JSON.parse(line);
    if (message.snapshot === undefined) return;
    const before = this.snapshot;
    this.snapshot = message.snapshot;
    for (const server of before?.servers ?? []) {
      if ((this.server(server.number)?.sentBytes ?? 0) < server.sentBytes) this.#sentBefore += server.sentBytes;
    }
    this.#wake();
  }

  #wake() {
    for (const look of [...this.#watchers]) look();
  }
}

/** A running `manyget get` that shares our terminal, so that it draws its live view there. */
export class Client {
  #child;
  hasEnded = false;

  /** @param {readonly string[]} args */
  constructor(args) {
    this.#child = spawn(process.execPath, [manyget, ...args], { cwd: repoRoot, stdio: 'inherit' });
    /** @type {Promise<Ending>} */
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code, signal) => {
        this.hasEnded = true;
        resolve({ code, signal });
      });
    });
  }

  kill() {
    this.#child.kill('SIGKILL');
  }
}

/**
 * Remembers how the terminal is set up. The returned function sets it up so again: a program that was killed while it
 * drew had no chance to show the cursor or to give the keyboard back.
 * @returns {() => void}
 */
export function rememberTerminal() {
  if (!process.stdout.isTTY) return () => {};
  const asked = spawnSync('stty', ['-g'], { stdio: ['inherit', 'pipe', 'ignore'], encoding: 'utf8' });
  const settings = asked.status === 0 ? asked.stdout.trim() : undefined;
  return () => {
    if (settings !== undefined) spawnSync('stty', [settings], { stdio: ['inherit', 'ignore', 'ignore'] });
    // End of a synchronised update, cursor shown, lines wrapped, no colour.
    process.stdout.write('\u001b[?2026l\u001b[?25h\u001b[?7h\u001b[0m\r\n\u001b[J');
  };
}
