import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { DownloadQueue, QueueEvent } from '../queue/download-queue.js';
import type { JsonRpc } from './json-rpc.js';

/** The RPC over WebSocket: calls and answers, and aria2's notifications to everybody who has shown the token. */
const notifications: Readonly<Partial<Record<QueueEvent, string>>> = {
  started: 'aria2.onDownloadStart',
  paused: 'aria2.onDownloadPause',
  stopped: 'aria2.onDownloadStop',
  complete: 'aria2.onDownloadComplete',
  error: 'aria2.onDownloadError',
};

const payloadBytesMax = 32 * 1024 * 1024;
/** Notifications for somebody who does not read are not kept. */
const backlogBytesMax = 1024 * 1024;

export class RpcSocket implements Disposable {
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: payloadBytesMax });
  readonly #rpc: JsonRpc;
  /** Those that have shown the token: nobody else is told anything. */
  readonly #trusted = new WeakSet<WebSocket>();
  readonly #stopListening: () => void;

  constructor(rpc: JsonRpc, queue: DownloadQueue) {
    this.#rpc = rpc;
    this.#stopListening = queue.listen((event, entry) => {
      const method = notifications[event];
      if (method !== undefined) this.#tellAll(JSON.stringify({ jsonrpc: '2.0', method, params: [{ gid: entry.gid }] }));
    });
  }

  /** Takes over a connection whose request to upgrade was let in. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (client) => this.#serve(client));
  }

  [Symbol.dispose](): void {
    this.#stopListening();
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }

  #serve(client: WebSocket): void {
    client.on('message', (data: Buffer) => {
      void this.#rpc
        .answer(data.toString('utf8'), () => this.#trusted.add(client))
        .then(({ body }) => client.send(body));
    });
    // ws ends the connection by itself: there is nobody to tell.
    client.on('error', () => undefined);
  }

  #tellAll(text: string): void {
    for (const client of this.#server.clients) {
      if (client.readyState !== client.OPEN || !this.#trusted.has(client)) continue;
      if (client.bufferedAmount < backlogBytesMax) client.send(text);
    }
  }
}
