/**
 * Entry of the daemon's thread that downloads. All downloads of the daemon are here, so that the thread that answers has
 * nothing else to do; what they are and when they begin is decided there.
 */
import { constants, getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { downloadAmong, forgetThreads, SharedMeans } from '../../app/download-among.js';
import { loadManifestReader } from '../../app/follow-manifest.js';
import type { DownloadReader } from '../../base/download-reader.js';
import { asManygetError } from '../../base/errors.js';
import { HostSlots } from '../queue/host-slots.js';
import { DownloadRunner } from './download-runner.js';
import type { CrossingError, DownloadCommand, EngineThreadData, FromEngine, ToEngine } from './engine-messages.js';

/** As often as a page moves. */
const newsEveryMs = 200;
/** Answers go before bytes where there are fewer cores than work. */
const nicer = 5;
/** Memory for received bytes, all downloads together. */
const blockBytesMax = 64 * 1024 * 1024;

const port = parentPort;
if (port === null) throw new Error('engine-thread.js is the entry of a worker thread');
const tell = (message: FromEngine): void => port.postMessage(message);

const slots = new HostSlots();
const means = new SharedMeans(blockBytesMax);
const runners = new Map<number, DownloadRunner>();
const readers = new Map<number, DownloadReader>();
let ticker: NodeJS.Timeout | undefined;

// Of this thread and those that it starts; elsewhere than on Linux it would be of the whole process.
if (process.platform === 'linux') setPriority(0, Math.min(constants.priority.PRIORITY_LOW, getPriority(0) + nicer));
forgetThreads((workerData as EngineThreadData).endedThreads);
port.on('message', obey);
// While nobody waits: a film that begins with a manifest begins sooner.
void loadManifestReader();

function obey(message: ToEngine): void {
  switch (message.type) {
    case 'begin':
      begin(message);
      return;
    case 'connections-per-host':
      slots.setLimit(message.limit);
      return;
    case 'command':
      void carryOut(message.id, message.call, message.command);
      return;
    case 'read':
      read(message);
      return;
    case 'read-on':
      void readOn(message.reader);
      return;
    case 'read-end':
      void readers.get(message.reader)?.return();
      readers.delete(message.reader);
      return;
  }
}

function begin({ id, wishes }: ToEngine & { readonly type: 'begin' }): void {
  const gate = slots.open();
  try {
    const share = means.share(wishes.downloadsAtOnce);
    const handle = downloadAmong({ ...wishes.options, connectionGate: gate }, share);
    const runner = new DownloadRunner(id, handle, gate, () => tellNews([runner]));
    runners.set(id, runner);
    runner.rest(wishes.unused);
    ticker ??= setInterval(() => tellNews(runners.values()), newsEveryMs);
    const following = runner.follow();
    void handle.done
      .then(
        (report): FromEngine => ({ type: 'done', id, report, map: runner.lastMap() }),
        (error: unknown): FromEngine => ({ type: 'failed', id, error: crossing(error), map: runner.lastMap() }),
      )
      .then(async (end) => {
        await following;
        tellNews([runner]);
        forget(runner);
        tell(end);
      });
    tellNews([runner]);
  } catch (error) {
    gate.close();
    tell({ type: 'failed', id, error: crossing(error) });
  }
}

function forget(runner: DownloadRunner): void {
  runners.delete(runner.id);
  if (runners.size > 0) return;
  clearInterval(ticker);
  ticker = undefined;
  means.rest();
}

function tellNews(of: Iterable<DownloadRunner>): void {
  const some = [...of];
  for (const runner of some) {
    const states = runner.newPieces();
    if (states !== undefined) tell({ type: 'pieces', id: runner.id, states });
  }
  tell({ type: 'news', of: some.map((runner) => runner.news()) });
}

async function carryOut(id: number, call: number, command: DownloadCommand): Promise<void> {
  const runner = runners.get(id);
  try {
    const value = await runner?.carryOut(command);
    // Whoever waits for the answer finds what it changed.
    if (runner !== undefined && command.type !== 'map') tellNews([runner]);
    tell({ type: 'answer', id, call, value });
  } catch (error) {
    tell({ type: 'refusal', id, call, error: crossing(error) });
  }
}

function read({ id, reader, start, end }: ToEngine & { readonly type: 'read' }): void {
  try {
    const handle = runners.get(id)?.handle;
    if (handle === undefined) throw new Error('the download has ended');
    readers.set(reader, handle.createReader({ start, ...(end === undefined ? {} : { end }) }));
  } catch (error) {
    tell({ type: 'read-failed', reader, error: crossing(error) });
  }
}

async function readOn(reader: number): Promise<void> {
  const opened = readers.get(reader);
  if (opened === undefined) return;
  try {
    const { value } = await opened.next();
    if (value === undefined) readers.delete(reader);
    // The chunk is the reader's own: it moves over instead of being copied.
    port?.postMessage(
      { type: 'chunk', reader, chunk: value } satisfies FromEngine,
      value === undefined ? [] : [value.buffer as ArrayBuffer],
    );
  } catch (error) {
    readers.delete(reader);
    tell({ type: 'read-failed', reader, error: crossing(error) });
  }
}

function crossing(thrown: unknown): CrossingError {
  const { code, message } = asManygetError(thrown);
  return { code, message };
}
