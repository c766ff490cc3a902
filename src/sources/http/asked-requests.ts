import type { Answer, AskedRange } from '../../wire/http-answer.js';
import type { HttpChannel } from './http-channel.js';
import type { HttpClient } from './http-client.js';
import type { Order } from './http-delivery.js';
import type { HttpFile } from './http-file.js';
import type { ShownLogin } from './http-login.js';
import type { HttpOrigin } from './http-origins.js';
import { Pipelining } from './pipelining.js';

/** A request that is out; without an order it asks for the file's facts. */
export interface Asked extends AskedRange {
  readonly order: Order | undefined;
  readonly login: ShownLogin | undefined;
  /** Where. The file may have moved since: what the answer says is said by who was asked. */
  readonly url: URL;
  /** It was sent while an answer before it was still coming. */
  readonly pipelined: boolean;
}

/** The requests that were sent on one connection and whose answers have not begun, in order; what may be sent behind them. */
export class AskedRequests {
  readonly #file: HttpFile;
  readonly #client: HttpClient;
  readonly #pipelining: Pipelining;
  #out: Asked[] = [];

  /** @param origin Where the connection leads to at the time. */
  constructor(file: HttpFile, client: HttpClient, origin: () => HttpOrigin) {
    this.#file = file;
    this.#client = client;
    this.#pipelining = new Pipelining(origin);
  }

  get count(): number {
    return this.#out.length;
  }

  /** May one be sent behind an answer that is still to come? To be sent where this says so. */
  mayQueue(): boolean {
    return this.#pipelining.allows(this.#out.length);
  }

  send(channel: HttpChannel | undefined, request: Omit<Asked, 'login' | 'showsLogin' | 'url'>): void {
    const { url } = this.#file;
    const login = this.#client.showLogin(url);
    const asked = { ...request, url, login, showsLogin: login?.authorization !== undefined };
    this.#out.push(asked);
    const ifRange = asked.conditional ? this.#file.ifRange : undefined;
    channel?.send(this.#client.request(this.#file, { ...asked, ifRange }));
  }

  /** The one whose answer begins. */
  take(): Asked | undefined {
    return this.#out.shift();
  }

  /** Another connection has found the file elsewhere meanwhile: a no, or a way, from where it was says nothing of it. */
  isOutdated(asked: Asked, { kind }: Answer): boolean {
    return asked.url !== this.#file.url && (kind === 'redirect' || kind === 'refused' || kind === 'changed');
  }

  /** Its answer is one that it was asked for. */
  answered(asked: Asked): void {
    if (asked.pipelined) this.#pipelining.worked();
  }

  /** The server closed the connection properly: what is out was not heard. */
  unheard(): void {
    this.#pipelining.failed();
    this.forget();
  }

  /** No answer to them is waited for any more. */
  forget(): void {
    this.#out = [];
    this.#pipelining.forget();
  }
}
