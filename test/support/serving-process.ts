import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { commandPath } from './command-path.js';

/** `manyget serve` as a process of its own, for what only a process can go through: being stopped, being killed. */
export class ServingProcess implements AsyncDisposable {
  readonly ports: readonly number[];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ports: readonly number[]) {
    this.#child = child;
    this.ports = ports;
  }

  /** Serves `path` from one server, or as many as `-n` in `flags` says, on free ports. */
  static async start(
    path: string,
    flags: readonly string[],
    cacheFolder: string,
    command = commandPath,
  ): Promise<ServingProcess> {
    const count = flags.includes('-n') ? [] : ['-n', '1'];
    const words = [command, 'serve', path, ...count, '-p', '0', '-i', '0.2', '--json', ...flags];
    const env = { ...process.env, XDG_CACHE_HOME: cacheFolder };
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'], env });
    const lines = createInterface({ input: child.stdout });
    const ports = await new Promise<number[]>((resolve, reject) => {
      child.on('exit', (code) => reject(new Error(`manyget serve ended with ${code}`)));
      lines.on('line', (line) => {
        const { snapshot } = JSON.parse(line) as { snapshot?: { servers: { port: number; state: string }[] } };
        if (snapshot?.servers.every((server) => server.state === 'alive') === true) {
          resolve(snapshot.servers.map((server) => server.port));
        }
      });
    });
    return new ServingProcess(child, ports);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  url(name: string, serverNumber = 1): string {
    return `mgp://127.0.0.1:${this.ports[serverNumber - 1] ?? 0}/${name}`;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
