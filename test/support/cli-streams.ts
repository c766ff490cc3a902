/** The process of a command, made of memory: tests type, resize, send signals and read what was printed. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';

import type { CliIo, CliOutput, EndSignal } from '../../src/cli/io.js';
import type { TerminalEmulator } from './terminal-emulator.js';

/** An output that remembers; on a terminal it draws as well. */
class MemoryOutput extends EventEmitter implements CliOutput {
  readonly isTTY: boolean;
  readonly terminal: TerminalEmulator | undefined;
  text = '';
  writes = 0;

  constructor(terminal?: TerminalEmulator) {
    super();
    this.isTTY = terminal !== undefined;
    this.terminal = terminal;
  }

  get columns(): number | undefined {
    return this.terminal?.columns;
  }

  get rows(): number | undefined {
    return this.terminal?.rows;
  }

  write(text: string): void {
    this.writes += 1;
    this.text += text;
    this.terminal?.write(this.isTTY ? text.replaceAll(/(?<!\r)\n/g, '\r\n') : text);
  }

  resize(columns: number, rows: number): void {
    this.terminal?.resize(columns, rows);
    this.emit('resize');
  }

  lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

type MemoryInput = PassThrough & { isTTY?: boolean; raw?: boolean; setRawMode?: (on: boolean) => void };

export interface MemoryIo extends CliIo {
  readonly stdin: MemoryInput;
  readonly stdout: MemoryOutput;
  readonly stderr: MemoryOutput;
  /** Statuses of exits "at once". */
  readonly exits: number[];
  /** What `foreground` says; a shell's `bg` and `fg` change it. */
  isForeground: boolean;
  signal(signal: EndSignal): void;
  /** What happens when a process is stopped and goes on. */
  stopAndGoOn(meanwhile: () => void): void;
  /** What happens when it goes on after a stop of which it was not told. */
  goOn(): void;
  /** What happens at the very end, whatever led to it. */
  exit(): void;
}

interface MemoryIoOptions {
  readonly terminal?: TerminalEmulator;
  readonly env?: Readonly<Record<string, string>>;
  readonly foreground?: boolean;
}

export function memoryIo(options: MemoryIoOptions = {}): MemoryIo {
  const events = new EventEmitter();
  const suspending = new Set<{ suspend(): void; resume(): void }>();
  const stdin: MemoryInput = new PassThrough();
  if (options.terminal !== undefined) {
    stdin.isTTY = true;
    stdin.setRawMode = (on) => {
      stdin.raw = on;
    };
  }
  const exits: number[] = [];
  const listen = (event: string, listener: (...args: never[]) => void): (() => void) => {
    events.on(event, listener as (...args: unknown[]) => void);
    return () => events.off(event, listener as (...args: unknown[]) => void);
  };
  const stopAndGoOn = (meanwhile: () => void): void => {
    for (const listener of suspending) listener.suspend();
    meanwhile();
    for (const listener of suspending) listener.resume();
  };
  return {
    stdin,
    stdout: new MemoryOutput(options.terminal),
    stderr: new MemoryOutput(),
    writeOutput: () => Promise.reject(new Error('nobody reads the standard output of this process')),
    env: { TERM: 'xterm-256color', ...options.env },
    get foreground() {
      return this.isForeground;
    },
    isForeground: options.foreground ?? true,
    exits,
    onEndSignal: (listener) => listen('signal', listener),
    onSuspend(listener) {
      suspending.add(listener);
      return () => suspending.delete(listener);
    },
    goOn() {
      for (const listener of suspending) listener.resume();
    },
    interrupt: () => events.emit('signal', 'SIGINT'),
    suspend: () => stopAndGoOn(() => {}),
    stopAndGoOn,
    onExit: (listener) => listen('exit', listener),
    exitNow: (status) => exits.push(status),
    signal: (signal) => events.emit('signal', signal),
    exit: () => events.emit('exit'),
  };
}
