/**
 * What a command touches of its process: streams, environment, signals. Handed in, so that tests run whole commands.
 */
import type { Readable } from 'node:stream';

export interface CliOutput {
  readonly isTTY?: boolean;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

export type CliInput = Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };

export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export interface CliIo {
  readonly stdin: CliInput;
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  /** Writes bytes to standard output; resolves when they are out of this process, rejects with the system's error. */
  writeOutput(bytes: Uint8Array): Promise<void>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** False for a job in the background, which must neither read the terminal nor draw on it; may change with `bg` and `fg`. */
  readonly foreground: boolean;
  /** Calls `listener` on every request to end; returns what takes the listener off. */
  onEndSignal(listener: (signal: EndSignal) => void): () => void;
  /** Calls `listener` when the process is about to be stopped (Ctrl-Z) and after it goes on. */
  onSuspend(listener: { suspend(): void; resume(): void }): () => void;
  /** What a terminal does for Ctrl-C and Ctrl-Z, for a keyboard in raw mode: to the whole job, whoever started this process included. */
  interrupt(): void;
  suspend(): void;
  /** Calls `listener` as the very last thing, whatever ends the process. */
  onExit(listener: () => void): () => void;
  exitNow(status: number): void;
}

/** Whether a person sits at both ends. */
export function isInteractive(io: CliIo): boolean {
  return io.stdin.isTTY === true && io.stdout.isTTY === true && io.foreground;
}

/** Prints lines that are fit for a terminal, or are not meant for one. */
export function printLines(io: CliIo, lines: readonly string[]): void {
  for (const line of lines) io.stdout.write(`${line}\n`);
}

/** `io` for whoever has given standard output away: what it tells goes to standard error. All else is as it is at any time. */
export function toldOnStderr(io: CliIo): CliIo {
  return Object.create(io, { stdout: { get: () => io.stderr } }) as CliIo;
}
