import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { DownloadQueue, QueueEvent } from '../queue/download-queue.js';
import type { JsonRpc } from './json-rpc.js';
import { RpcClient } from './rpc-client.js';

/** The RPC over WebSocket: calls and answers, and aria2's notifications to everybody who has shown the token. */
const notifications: Readonly<Partial<Record<QueueEvent, string>>> = {
  started: 'aria2.onDownloadStart',
  paused: 'aria2.onDownloadPause',
  stopped: 'aria2.onDownloadStop',
  complete: 'aria2.onDownloadComplete',
  error: 'aria2.onDownloadError',
};

const payloadBytesMax = 32 * 1024 * 1024;
/** Connections at once: anybody on this machine may open some and never show the token. */
const clientsMax = 256;

export class RpcSocket implements Disposable {
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: payloadBytesMax });
  readonly #rpc: JsonRpc;
  readonly #clients = new Set<RpcClient>();
  readonly #stopListening: () => void;

  constructor(rpc: JsonRpc, queue: Pick<DownloadQueue, 'listen'>) {
    this.#rpc = rpc;
    this.#stopListening = queue.listen((event, entry) => {
      const method = notifications[event];
      if (method === undefined) return;
      const text = JSON.stringify({ jsonrpc: '2.0', method, params: [{ gid: entry.gid }] });
      for (const client of this.#clients) client.notify(text);
    });
  }

  /** There is no room for one more. */
  get isFull(): boolean {
    return this.#clients.size >= clientsMax;
  }

  /** Takes over a connection whose request to upgrade was let in. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const client = new RpcClient(webSocket, this.#rpc);
      this.#clients.add(client);
      webSocket.on('close', () => this.#clients.delete(client));
    });
  }

  [Symbol.dispose](): void {
    this.#stopListening();
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }
}
