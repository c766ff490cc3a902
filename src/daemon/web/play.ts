import { once } from 'node:events';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asManygetError, ManygetError } from '../../base/errors.js';
import type { DownloadQueue } from '../queue/download-queue.js';
import type { QueueEntry } from '../queue/queue-entry.js';
import type { Guard } from './guard.js';
import { mediaType } from './media-type.js';
import { askedRange, type AskedRange } from './one-range.js';
import { sendError } from './send-error.js';

/**
 * A download as a file at an address of its own, /play/GID/KEY/NAME, for any player. The key in the path stands in for
 * the token, which players cannot send; it opens this one file. While the download runs a read waits for its bytes, which
 * are then fetched first; where hashes are known only verified ones are handed out.
 */
const sizeWithinMs = 30_000;
/** Absent on Windows. Whatever stands there now: opening it waits for nobody. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

export class Player {
  readonly #queue: DownloadQueue;
  readonly #guard: Guard;

  constructor(queue: DownloadQueue, guard: Guard) {
    this.#queue = queue;
    this.#guard = guard;
  }

  async serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const [, , gid = '', key = ''] = path.split('/');
    const entry = this.#guard.isPlayKey(gid, key) ? this.#queue.lists.find(gid) : undefined;
    if (entry === undefined) {
      sendError(response, 404, 'gid-unknown', 'there is no such download');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      sendError(response, 405, 'usage', 'a download is read with GET');
      return;
    }
    const leaving = new AbortController();
    response.on('close', () => leaving.abort());
    try {
      await this.#send(request, response, entry, leaving.signal);
    } catch (error) {
      // A player that seeks closes its connection; a download that fails ends it. Both are the player's to see.
      if (response.headersSent || leaving.signal.aborted) response.destroy();
      else sendError(response, 409, 'state-conflict', asManygetError(error).message);
    }
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    entry: QueueEntry,
    signal: AbortSignal,
  ): Promise<void> {
    const sizeBytes = await sizeOf(entry, signal);
    if (sizeBytes === undefined) {
      sendError(response, 409, 'state-conflict', `${entry.progress.name} is ${entry.state}: there is nothing to read`);
      return;
    }
    await using file = entry.state === 'complete' ? await openWhole(entry, sizeBytes) : undefined;
    const range = askedRange(request.headers.range, sizeBytes);
    if (range.kind === 'outside' || request.method === 'HEAD' || sizeBytes === 0) {
      sendHead(response, entry.progress.name, range, sizeBytes);
      response.end();
      return;
    }
    const { start, end } = range.kind === 'part' ? range : { start: 0, end: sizeBytes };
    const reader = readerOf(entry, file, start, end, signal);
    sendHead(response, entry.progress.name, range, sizeBytes);
    let leftBytes = end - start;
    for await (const chunk of reader) {
      leftBytes -= chunk.length;
      if (!response.write(chunk)) await once(response, 'drain', { signal });
    }
    // Short of what was announced: what follows on this connection would be taken for the rest of the file.
    if (leftBytes !== 0) throw gone(entry);
    response.end();
  }
}

/**
 * The size, once a server has said it; undefined for what does not run and is not complete. A download may begin anew before
 * that, where its name is taken or the engine broke down: it is waited for all the same.
 */
async function sizeOf(entry: QueueEntry, signal: AbortSignal): Promise<number | undefined> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(sizeWithinMs)]);
  for (let { handle } = entry; entry.state === 'active' && handle !== undefined; { handle } = entry) {
    try {
      return await handle.sizeKnown(within);
    } catch {
      signal.throwIfAborted();
      if (within.aborted) return undefined;
    }
    // It has ended: whether the queue begins it anew shows when the queue has heard of that.
    await handle.done.catch(() => undefined);
    if (entry.handle === handle) return undefined;
  }
  return entry.state === 'complete' ? entry.progress.sizeBytes : undefined;
}

/** The file of a complete download. @throws ManygetError `state-conflict`, where somebody has taken or changed it since. */
async function openWhole(entry: QueueEntry, sizeBytes: number): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    file = await open(entry.progress.outputPath, openFlags);
    const stats = await file.stat();
    if (stats.isFile() && stats.size === sizeBytes) return file;
  } catch (cause) {
    throw gone(entry, cause);
  }
  await file.close();
  throw gone(entry);
}

function gone({ progress }: QueueEntry, cause?: unknown): ManygetError {
  const sentence = `${progress.name} is complete, but is no longer there as it was fetched`;
  return new ManygetError('state-conflict', sentence, { cause });
}

function readerOf(
  entry: QueueEntry,
  file: FileHandle | undefined,
  start: number,
  end: number,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (file !== undefined) return file.createReadStream({ start, end: end - 1 });
  if (entry.handle !== undefined) return entry.handle.createReader({ start, end, signal });
  throw new ManygetError('state-conflict', `${entry.progress.name} is ${entry.state}: there is nothing to read`);
}

function sendHead(response: ServerResponse, name: string, range: AskedRange, sizeBytes: number): void {
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Type', mediaType(name));
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Content-Security-Policy', 'sandbox');
  response.setHeader('Cache-Control', 'no-store');
  if (range.kind === 'outside') {
    response.writeHead(416, { 'content-range': `bytes */${sizeBytes}` });
    return;
  }
  const { start, end } = range.kind === 'part' ? range : { start: 0, end: sizeBytes };
  response.setHeader('Content-Length', end - start);
  if (range.kind === 'part') response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${sizeBytes}`);
  response.writeHead(range.kind === 'part' ? 206 : 200);
}
