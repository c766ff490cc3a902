/** `-o -`: the file goes to standard output, in order, and all that is to be said to standard error. */
import type { DownloadHandle } from '../../base/download-handle.js';
import { asManygetError, ManygetError } from '../../base/errors.js';
import { printError } from '../error-output.js';
import { type CliIo, toldOnStderr } from '../io.js';
import { usageError } from '../options/usage-error.js';
import { showDownload, type ShowRequest } from './show-download.js';

/** Hands out a download that is `inOrder`. Returns the exit status. */
export async function streamDownload(request: ShowRequest, begin: () => DownloadHandle, io: CliIo): Promise<number> {
  if (io.stdout.isTTY === true) {
    throw usageError('standard output is a terminal: pipe it into something, or name a file with -o');
  }
  const pump = new Pump(io);
  const shown = { ...request, again: undefined, isKept: false, leavesKeyboard: true, cause: () => pump.fault };
  const status = await showDownload(shown, () => pump.start(begin()), toldOnStderr(io));
  if (status !== 0) {
    // A reader that stands still would hold up the end of this process for ever.
    if (pump.isWriting) io.exitNow(status);
    return status;
  }
  await pump.done;
  if (pump.fault === undefined) return 0;
  return pump.fault.code === 'output-closed' ? pump.fault.exitStatus : printError(io, pump.fault);
}

/** Carries a download to standard output, as fast as that takes it. */
class Pump {
  readonly #io: CliIo;
  #done: Promise<void> = Promise.resolve();
  #fault: ManygetError | undefined;
  #isWriting = false;

  constructor(io: CliIo) {
    this.#io = io;
  }

  /** Resolves when all is written, or nothing more will be. */
  get done(): Promise<void> {
    return this.#done;
  }

  get isWriting(): boolean {
    return this.#isWriting;
  }

  /** Why standard output takes nothing more. */
  get fault(): ManygetError | undefined {
    return this.#fault;
  }

  start(handle: DownloadHandle): DownloadHandle {
    this.#done = this.#run(handle);
    return handle;
  }

  async #run(handle: DownloadHandle): Promise<void> {
    try {
      // What is written is gone when the next chunk is asked for.
      const reader = handle.createReader({ sharesMemory: true });
      for await (const chunk of reader) if (!(await this.#write(chunk))) break;
    } catch (error) {
      // The download has failed: its own promise says so.
      if (this.#fault === undefined) await handle.cancel(asManygetError(error).message);
    }
  }

  async #write(chunk: Uint8Array): Promise<boolean> {
    this.#isWriting = true;
    try {
      await this.#io.writeOutput(chunk);
      return true;
    } catch (error) {
      this.#fault = faultOf(error as NodeJS.ErrnoException);
      return false;
    } finally {
      this.#isWriting = false;
    }
  }
}

function faultOf(error: NodeJS.ErrnoException): ManygetError {
  if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') {
    return new ManygetError('output-closed', 'whoever read standard output is gone', { cause: error });
  }
  return asManygetError(error, error.code === 'ENOSPC' ? 'disk-full' : 'io-failed', 'cannot write to standard output');
}
