import type { WebSocket } from 'ws';
import type { JsonRpc } from './json-rpc.js';

/** Answers that somebody may leave unread before more of his calls are carried out. */
const unreadBytesMax = 1024 * 1024;
/** Calls at once: one that takes its time does not hold up those behind it. */
const callsMax = 16;

/**
 * One connection of the RPC over WebSocket. Who does not read his answers has his calls wait, in the end in his own
 * system: nothing is lost, and nothing piles up here.
 *
 * Invariant: the connection is read exactly while there is room for one more call and its answer.
 */
export class RpcClient {
  readonly #socket: WebSocket;
  readonly #rpc: JsonRpc;
  /** What had been read with the last call that there was room for: less than one reading of the socket. */
  readonly #waiting: Buffer[] = [];
  #underWay = 0;
  #isTrusted = false;

  constructor(socket: WebSocket, rpc: JsonRpc) {
    this.#socket = socket;
    this.#rpc = rpc;
    socket.on('message', (data: Buffer) => {
      this.#waiting.push(data);
      this.#work();
    });
    socket.on('close', () => (this.#waiting.length = 0));
    // ws ends the connection by itself: there is nobody to tell.
    socket.on('error', () => undefined);
  }

  /** Tells somebody who has shown the token; nobody else is told anything. Not kept for somebody who does not read. */
  notify(text: string): void {
    const { readyState, OPEN, bufferedAmount } = this.#socket;
    if (this.#isTrusted && readyState === OPEN && bufferedAmount < unreadBytesMax) this.#socket.send(text);
  }

  #work(): void {
    while (this.#underWay < callsMax && this.#socket.bufferedAmount < unreadBytesMax) {
      const call = this.#waiting.shift();
      if (call === undefined) {
        this.#socket.resume();
        return;
      }
      this.#underWay += 1;
      void this.#answer(call);
    }
    this.#socket.pause();
  }

  async #answer(call: Buffer): Promise<void> {
    const { body } = await this.#rpc.answer(call.toString('utf8'), () => (this.#isTrusted = true));
    this.#underWay -= 1;
    this.#socket.send(body, () => this.#work());
    this.#work();
  }
}
