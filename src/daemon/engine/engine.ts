import { Worker } from 'node:worker_threads';
import { threadFile } from '../../base/built-file.js';
import type { DownloadReader, ReaderOptions } from '../../base/download-reader.js';
import { ManygetError } from '../../base/errors.js';
import { EngineDownload } from './engine-download.js';
import type { CrossingError, EngineThreadData, EngineWishes, FromEngine, ToEngine } from './engine-messages.js';
import { EngineReader } from './engine-reader.js';

/** What is made and thrown away at full speed fits in it; more would only be filled before it is collected. */
const youngMb = 12;

/**
 * The thread that all downloads of a daemon run on, as the thread that answers knows it. Where that thread ends by a fault,
 * its downloads end with `engine-lost`, and the next one to begin gets a new thread; their state is on the disk.
 *
 * Invariant: a download is in `#downloads`, and a reader in `#readers`, exactly while the thread may still speak of it.
 */
export class Engine implements AsyncDisposable {
  readonly #onNotice: (sentence: string) => void;
  readonly #downloads = new Map<number, EngineDownload>();
  readonly #readers = new Map<number, { readonly reader: EngineReader; readonly download: number }>();
  readonly #endedThreads: number[] = [];
  #worker: Worker | undefined;
  #count = 0;
  #closed = false;
  #connectionsPerHost: string | undefined;

  /** Starts the thread at once: it is there when the first download begins. @param onNotice Told of faults. */
  constructor(onNotice: (sentence: string) => void) {
    this.#onNotice = onNotice;
    this.#thread();
  }

  begin(wishes: EngineWishes): EngineDownload {
    const id = this.#next();
    const download = new EngineDownload({
      command: (call, command) => this.#post({ type: 'command', id, call, command }),
      read: (options) => this.#read(id, options),
    });
    this.#downloads.set(id, download);
    this.#post({ type: 'begin', id, wishes });
    return download;
  }

  /** Connections to one host over all downloads, as the option has it. */
  limitConnectionsPerHost(limit: string | undefined): void {
    this.#connectionsPerHost = limit;
    this.#post({ type: 'connections-per-host', limit });
  }

  /** @internal For tests: what a fault does. */
  async breakDown(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** Ends the thread; whoever wants his downloads' state on the disk has cancelled them before. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    this.#loseAll('the daemon ends');
  }

  #read(download: number, options: ReaderOptions): DownloadReader {
    const id = this.#next();
    const reader = new EngineReader(
      {
        ask: () => this.#post({ type: 'read-on', reader: id }),
        leave: () => {
          if (this.#readers.delete(id)) this.#post({ type: 'read-end', reader: id });
        },
      },
      options,
    );
    if (options.signal?.aborted === true) return reader;
    this.#readers.set(id, { reader, download });
    this.#post({ type: 'read', id: download, reader: id, start: options.start ?? 0, end: options.end });
    return reader;
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }

  #post(message: ToEngine): void {
    if (!this.#closed) this.#thread().postMessage(message);
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const workerData: EngineThreadData = { endedThreads: this.#endedThreads };
    const worker = new Worker(threadFile('daemon/engine/engine-thread.js'), {
      name: 'manyget-engine',
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: youngMb },
      workerData,
    });
    const { threadId } = worker;
    let reason = 'it was ended';
    worker.on('message', (message: FromEngine) => this.#heard(message));
    worker.on('error', (error: Error) => (reason = error.message));
    worker.on('exit', () => {
      this.#endedThreads.push(threadId);
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      const sentence = `the thread that downloads ended by a fault of its own: ${reason}`;
      this.#onNotice(sentence);
      this.#loseAll(sentence);
    });
    this.#worker = worker;
    if (this.#connectionsPerHost !== undefined) this.limitConnectionsPerHost(this.#connectionsPerHost);
    return worker;
  }

  #loseAll(sentence: string): void {
    const error = new ManygetError('engine-lost', sentence);
    const [downloads, readers] = [[...this.#downloads.values()], [...this.#readers.values()]];
    this.#downloads.clear();
    this.#readers.clear();
    for (const { reader } of readers) reader.failed(error);
    for (const download of downloads) download.end(error);
  }

  #heard(message: FromEngine): void {
    switch (message.type) {
      case 'news':
        for (const { id, snapshot, events } of message.of) this.#downloads.get(id)?.news(snapshot, events);
        return;
      case 'pieces':
        this.#downloads.get(message.id)?.pieces(message.states);
        return;
      case 'answer':
        this.#downloads.get(message.id)?.answered(message.call, message.value);
        return;
      case 'refusal':
        this.#downloads.get(message.id)?.refused(message.call, rebuilt(message.error));
        return;
      case 'done':
        this.#end(message.id)?.end(message.report, message.map);
        return;
      case 'failed':
        this.#end(message.id)?.end(rebuilt(message.error), message.map);
        return;
      case 'chunk':
        this.#readers.get(message.reader)?.reader.took(message.chunk);
        if (message.chunk === undefined) this.#readers.delete(message.reader);
        return;
      case 'read-failed':
        this.#readers.get(message.reader)?.reader.failed(rebuilt(message.error));
        this.#readers.delete(message.reader);
        return;
    }
  }

  #end(id: number): EngineDownload | undefined {
    const download = this.#downloads.get(id);
    this.#downloads.delete(id);
    return download;
  }
}

function rebuilt({ code, message }: CrossingError): ManygetError {
  return new ManygetError(code, message);
}
