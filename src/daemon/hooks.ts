import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { messageOf } from '../base/message-of.js';
import { printable } from '../base/printable.js';
import type { DownloadQueue } from './queue/download-queue.js';
import type { QueueEntry } from './queue/queue-entry.js';

/** Programs of the user that are started when a download has ended. */
export interface HookCommands {
  readonly onComplete?: string | undefined;
  readonly onError?: string | undefined;
}

/**
 * Starts them, without a shell and without arguments: what a download is called never becomes part of a command. The
 * facts are in the environment. Nobody waits for them.
 * @param onFault Told where a program cannot be started.
 * @returns what stops it.
 */
export function runHooks(
  queue: DownloadQueue,
  commands: HookCommands,
  onFault: (sentence: string) => void,
): Disposable {
  const stop = queue.listen((event, entry) => {
    const command = event === 'complete' ? commands.onComplete : event === 'error' ? commands.onError : undefined;
    if (command === undefined || command === '') return;
    const fault = (error: unknown): void => onFault(`cannot start ${printable(command)}: ${messageOf(error)}`);
    try {
      const child = spawn(command, [], { stdio: 'ignore', detached: true, env: { ...process.env, ...factsOf(entry) } });
      child.once('error', fault);
      child.unref();
    } catch (error) {
      fault(error);
    }
  });
  return { [Symbol.dispose]: () => void stop() };
}

/** What a program finds in its environment. */
export function factsOf({ gid, progress }: Pick<QueueEntry, 'gid' | 'progress'>): Record<string, string> {
  const facts = {
    MANYGET_GID: gid,
    MANYGET_NAME: fileName(progress),
    MANYGET_PATH: progress.outputPath,
    MANYGET_SIZE: String(progress.sizeBytes ?? ''),
    MANYGET_SHA256: progress.sha256 ?? '',
    MANYGET_ERROR_CODE: progress.error?.code ?? '',
    MANYGET_ERROR: progress.error?.message ?? '',
  };
  // A server may call a file what no environment can hold.
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, value.replaceAll('\0', '')]));
}

/** As it is on the disk, where there is anything: what a server calls a file may lead out of any folder. */
function fileName({ name, outputPath }: QueueEntry['progress']): string {
  const last = basename(outputPath === '' ? name : outputPath);
  return last === '.' || last === '..' ? '' : last;
}
