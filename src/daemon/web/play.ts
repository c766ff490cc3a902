import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { DownloadQueue } from '../queue/download-queue.js';
import type { QueueEntry } from '../queue/queue-entry.js';
import type { Guard } from './guard.js';
import { sendError } from './http-server.js';
import { mediaType } from './media-type.js';
import { askedRange } from './one-range.js';

/**
 * A download as a file at an address of its own, /play/GID/KEY/NAME, for any player. The key in the path stands in for
 * the token, which players cannot send; it opens this one file.
 */
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
    await this.#send(request, response, entry);
  }

  async #send(request: IncomingMessage, response: ServerResponse, entry: QueueEntry): Promise<void> {
    const { sizeBytes, outputPath, name } = entry.progress;
    if (entry.state !== 'complete' || sizeBytes === undefined) {
      sendError(response, 409, 'state-conflict', `${name} is not complete`);
      return;
    }
    const range = askedRange(request.headers.range, sizeBytes);
    response.setHeader('Accept-Ranges', 'bytes');
    response.setHeader('Content-Type', mediaType(name));
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Content-Security-Policy', 'sandbox');
    if (range.kind === 'outside') {
      response.writeHead(416, { 'content-range': `bytes */${sizeBytes}` }).end();
      return;
    }
    const { start, end } = range.kind === 'part' ? range : { start: 0, end: sizeBytes };
    response.setHeader('Content-Length', end - start);
    if (range.kind === 'part') response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${sizeBytes}`);
    response.writeHead(range.kind === 'part' ? 206 : 200);
    if (request.method === 'HEAD' || end === start) {
      response.end();
      return;
    }
    // A player that seeks closes its connection; a file that was taken away ends it. Both are the player's to see.
    await pipeline(createReadStream(outputPath, { start, end: end - 1 }), response).catch(() => response.destroy());
  }
}
