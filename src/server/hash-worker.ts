import { lstatSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { diskFault } from './disk-fault.js';
import { HashCache } from './hash-cache.js';
import { HashJob, hashBlockBytes } from './hash-job.js';
import { HashTable } from './hash-table.js';
import type { FileFacts } from './file-version.js';
import type { FromHasher, HashProblem, HashWorkerData, ToHasher } from './worker-messages.js';

/**
 * Entry of the hashing thread: one reader for all files of a fleet, behind the servers in everything. Takes the file
 * with the least left first, in turns, so that a small file never waits for a huge one.
 */

/**
 * A file system stamps changes with a clock this coarse. A file is hashed only once its last change is older, so that a
 * change during or after the hashing is sure to give it another stamp.
 */
const stampMs = 100;

const port = parentPort;
if (port === null) throw new Error('hash-worker.js is the entry of a worker thread');
const tell = (message: FromHasher): void => port.postMessage(message);

const cache = new HashCache((workerData as HashWorkerData).cacheFolder);
const buffer = Buffer.allocUnsafeSlow(hashBlockBytes);
const jobs: HashJob[] = [];
let running = false;

// On Linux this is the priority of the calling thread alone; elsewhere it would be the whole process's.
if (process.platform === 'linux') setPriority(0, 5);
cache.prune();

port.on('message', (message: ToHasher) => {
  const table = new HashTable(message.table);
  const cached = cache.read(table);
  if (cached === undefined) {
    setTimeout(() => start(new HashJob(table, buffer)), settleMs(table.data.file));
    return;
  }
  table.fill(cached.pieces);
  table.finish(cached.sha256);
  tell({ type: 'hashed', file: table.data.file, fromCache: true });
});

/** How long until the file's last change is surely told from the next one by its time. */
function settleMs(file: FileFacts): number {
  return Math.min(Math.max(changedAtMs(file) + stampMs - Date.now(), 0), stampMs);
}

function changedAtMs(file: FileFacts): number {
  try {
    return lstatSync(file.path).ctimeMs;
  } catch {
    // What is wrong with it, the job meets where it opens the file, and tells.
    return 0;
  }
}

function start(job: HashJob): void {
  jobs.push(job);
  if (running) return;
  running = true;
  setImmediate(turn);
}

function turn(): void {
  const job = jobs.reduce((least, j) => (j.leftBytes < least.leftBytes ? j : least));
  if (advance(job)) {
    job.close();
    jobs.splice(jobs.indexOf(job), 1);
  }
  running = jobs.length > 0;
  if (running) setImmediate(turn);
}

/** Gives `job` its turn; true once it has ended. */
function advance(job: HashJob): boolean {
  const { file } = job.table.data;
  try {
    const outcome = job.turn();
    if (outcome === 'more') return false;
    if (outcome === 'changed') {
      fail(file, 'changed', 'it changed while it was being hashed');
      return true;
    }
  } catch (error) {
    fail(file, 'read-failed', diskFault(error));
    return true;
  }
  keep(job.table);
  tell({ type: 'hashed', file, fromCache: false });
  return true;
}

function keep(table: HashTable): void {
  try {
    cache.write(table);
  } catch (error) {
    tell({ type: 'not-cached', file: table.data.file, reason: (error as Error).message });
  }
}

function fail(file: FileFacts, problem: HashProblem, reason: string): void {
  tell({ type: 'hash-failed', file, problem, reason });
}
