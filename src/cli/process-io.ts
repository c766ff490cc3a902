/** The real process as a `CliIo`. */
import { readFileSync } from 'node:fs';

import type { CliIo, EndSignal } from './io.js';
import { JobControl } from './job-control.js';

const endSignals: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export function processIo(): CliIo {
  const job = new JobControl();
  return {
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return process.stdout;
    },
    get stderr() {
      return process.stderr;
    },
    writeOutput: (bytes) =>
      new Promise((resolve, reject) => {
        writesFile = true;
        process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    env: process.env,
    get foreground() {
      return !job.isStopping && isForeground();
    },
    onEndSignal(listener) {
      for (const signal of endSignals) process.on(signal, listener);
      return () => {
        for (const signal of endSignals) process.off(signal, listener);
      };
    },
    onSuspend: (listener) => job.listen(listener),
    interrupt: () => job.interrupt(),
    suspend: () => job.suspend(),
    onExit(listener) {
      // What nobody caught is told on the terminal as it was before, not on a screen that goes away with it.
      process.on('exit', listener).on('uncaughtExceptionMonitor', listener);
      return () => process.off('exit', listener).off('uncaughtExceptionMonitor', listener);
    },
    exitNow(status) {
      process.exit(status);
    },
  };
}

/**
 * False for a job in the background of its terminal: reading would stop it (SIGTTIN). From the process group and the
 * terminal's foreground group in proc(5); true where there is no such file.
 */
function isForeground(): boolean {
  let stat: string;
  try {
    stat = readFileSync('/proc/self/stat', 'latin1');
  } catch {
    return true;
  }
  // The second field is the command in parentheses, which may hold anything, blanks and parentheses included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [group, terminalGroup] = [fields[2], fields[5]];
  return terminalGroup === '-1' || group === terminalGroup;
}

/** Standard output is the file. */
let writesFile = false;

/**
 * Output that goes nowhere (`| head`, a log on a full disk) does not end a download: it is said once, where possible. Where
 * the file itself goes there, whoever writes it is told, and says so.
 */
export function outliveReaders(): void {
  let told = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && !told && !writesFile)
      process.stderr.write(`manyget: cannot write its report: ${error.message}\n`);
    told = true;
  });
  // Nowhere is left to say that standard error itself is gone.
  process.stderr.on('error', () => {});
}
