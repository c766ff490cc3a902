import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

import { findPeer } from './peer.js';

const execute = promisify(execFile);
const waitMsMax = 30_000;

/** Whether this machine can give a process a terminal: `script` of util-linux. */
export const hasPseudoTerminal = process.platform === 'linux' && findPeer('script') !== undefined;

/** A process on a real terminal of its own. Owns the process; what it writes is kept, and given to `onOutput`. */
export class PseudoTerminal implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #looks = new Set<() => void>();
  #output = '';
  #path = '';
  #pid = 0;

  private constructor(child: ChildProcess, onOutput: (text: string) => void) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      onOutput(text);
      for (const look of this.#looks) look();
    });
  }

  /** Runs `command` on a terminal of `columns` and `rows`. */
  static async run(
    command: readonly string[],
    options: {
      readonly columns: number;
      readonly rows: number;
      readonly env: Readonly<Record<string, string>>;
      readonly folder: string;
      readonly onOutput?: (text: string) => void;
    },
  ): Promise<PseudoTerminal> {
    const words = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    // The shell says where its terminal is and who it is, and becomes the command.
    const line = `stty rows ${options.rows} cols ${options.columns}; echo "at $(tty) pid $$ ready"; exec ${words}`;
    const child = spawn('script', ['-qec', line, '/dev/null'], {
      cwd: options.folder,
      env: { PATH: process.env['PATH'] ?? '', SHELL: '/bin/sh', ...options.env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const terminal = new PseudoTerminal(child, options.onOutput ?? (() => undefined));
    const said = await terminal.waitFor(/at (\S+) pid (\d+) ready\r?\n/);
    terminal.#path = said[1] ?? '';
    terminal.#pid = Number(said[2]);
    return terminal;
  }

  /** Everything that was written so far, escape sequences included. */
  get output(): string {
    return this.#output;
  }

  /** The process on the terminal. */
  get pid(): number {
    return this.#pid;
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** The first match of `pattern` in what was written from `from` on. */
  async waitFor(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    return this.until(`output like ${String(pattern)}`, () => pattern.exec(this.#output.slice(from)) ?? undefined);
  }

  /** What `look` finds, as soon as it finds something; it looks whenever something was written. */
  until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#looks.delete(check);
      };
      const check = (): void => {
        const found = look();
        if (found === undefined) return;
        done();
        resolve(found);
      };
      const timer = setTimeout(() => {
        done();
        reject(
          new Error(`waited in vain for ${what}; the last of the output: ${JSON.stringify(this.#output.slice(-800))}`),
        );
      }, waitMsMax);
      this.#looks.add(check);
      check();
    });
  }

  /** Gives the terminal another size; its process is told. */
  async resize(columns: number, rows: number): Promise<void> {
    await execute('stty', ['-F', this.#path, 'rows', String(rows), 'cols', String(columns)]);
  }

  /** What `stty -a` says of the terminal's modes. */
  async modes(): Promise<string> {
    return (await execute('stty', ['-F', this.#path, '-a'])).stdout;
  }

  /** Waits for the end of the process; returns its exit status, 128 and more for a signal. */
  async ended(): Promise<number> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode ?? -1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}
