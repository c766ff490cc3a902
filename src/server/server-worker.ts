import { parentPort, workerData } from 'node:worker_threads';
import { asManygetError } from '../base/errors.js';
import { AlivePorts } from './alive-ports.js';
import { BlockPool } from './block-pool.js';
import { Catalog } from './catalog.js';
import { FolderLister } from './catalog-list.js';
import { FileTags } from './file-tags.js';
import { Listener } from './listener.js';
import { OpenFiles } from './open-files.js';
import { RateGate } from './rate-gate.js';
import { ServerCounters } from './server-counters.js';
import { TextBudget } from './text-sender.js';
import { WorkerHashes } from './worker-hashes.js';
import type { FromServer, ServerWorkerData, ToServer } from './worker-messages.js';

/** Entry of one server's thread: puts its parts together and obeys the fleet. */

const port = parentPort;
if (port === null) throw new Error('server-worker.js is the entry of a worker thread');
const tell = (message: FromServer): void => port.postMessage(message);

/** Pages and manifests that are on their way to clients, together. */
const textBytesMax = 16 * 1024 * 1024;
/** Requests that wait behind others, together. */
const aheadBytesMax = 4 * 1024 * 1024;

const data = workerData as ServerWorkerData;
const catalog = new Catalog(data.roots);
const alivePorts = new AlivePorts(data.alivePorts);
const hashes = new WorkerHashes((name, file) => tell({ type: 'want-hashes', name, file }));
const listener = new Listener(
  {
    agent: data.agent,
    catalog,
    lister: new FolderLister(catalog),
    openFiles: new OpenFiles(catalog),
    hashes,
    tags: new FileTags(),
    alivePorts,
    texts: new TextBudget(textBytesMax),
    ahead: new TextBudget(aheadBytesMax),
    pool: new BlockPool(data.limits.poolBytes),
    gate: data.bytesPerSec === undefined ? undefined : new RateGate(data.bytesPerSec),
    counters: new ServerCounters(data.counters),
    limits: data.limits,
    token: data.token,
  },
  data.tls,
);

port.on('message', (message: ToServer) => {
  switch (message.type) {
    case 'close':
      void close(message.reason);
      break;
    case 'kill':
      listener.reset();
      process.exit();
      break;
    case 'alive-ports':
      alivePorts.list = message.ports;
      break;
    default:
      hashes.news(message);
  }
});
for (const table of data.tables) hashes.news({ type: 'hash-table', table });
void open();

async function open(): Promise<void> {
  try {
    tell({ type: 'listening', port: await listener.listen(data.host, data.port) });
  } catch (error) {
    const { code, message } = asManygetError(error, 'listen-failed');
    tell({ type: 'listen-failed', code, message });
  }
}

async function close(reason: string): Promise<void> {
  await listener.close(reason);
  port?.close();
}
