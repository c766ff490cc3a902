import type { Socket } from 'node:net';
import { asManygetError, ManygetError, type ErrorCode } from '../../base/errors.js';
import { hostAndPort } from '../../base/host-name.js';
import type { MgpAddress } from '../../base/mgp-address.js';
import { printable } from '../../base/printable.js';
import { FrameReader, frameType, type FrameHandler, type FrameHeader } from '../../wire/mgp-frame.js';
import { encodeMessage, readMessage } from '../../wire/mgp-messages.js';
import type { ListedFile } from '../source.js';
import { tlsError } from '../tls-error.js';
import { dialMgp, type MgpIdentity } from './mgp-dial.js';
import { MgpGreeting } from './mgp-greeting.js';
import { codeOfRefusal } from './mgp-refusal.js';
import { socketError } from './socket-error.js';

/** What is asked for at the most: a folder of more files than this is listed in part. */
const filesMax = 100_000;

/**
 * What a server offers, in the order of the names: at most 100,000 files.
 * @throws ManygetError of scope source: no connection within `connectTimeoutMs`, no answer within `timeoutMs` more, not an mgp server.
 */
export function listFiles(
  address: MgpAddress,
  identity: MgpIdentity,
  timeoutMs: number,
  connectTimeoutMs = timeoutMs,
): Promise<readonly ListedFile[]> {
  const peer = `server ${hostAndPort(address.host, address.port)}`;
  return new Promise((resolve, reject) => {
    let connected = false;
    const settle = (outcome: unknown): void => {
      clearTimeout(timer);
      socket.destroy();
      if (outcome === undefined) resolve(listing.files);
      else reject(asManygetError(outcome, 'unexpected', peer));
    };
    const socket = dialMgp(address, identity.trust, (fault) => {
      connected = true;
      clearTimeout(timer);
      timer = setTimeout(
        () => overdue('source-silent', 'accepted the connection, but did not answer', timeoutMs),
        timeoutMs,
      );
      if (fault === undefined) listing.begin();
      else settle(fault);
    });
    const listing = new Listing(identity, peer, socket, () => settle(undefined));
    const overdue = (code: ErrorCode, what: string, afterMs: number): void =>
      settle(new ManygetError(code, `${peer} ${what} within ${afterMs / 1000} s`));
    let timer = setTimeout(() => overdue('connect-timeout', 'did not answer', connectTimeoutMs), connectTimeoutMs);
    const reader = new FrameReader(listing, { acceptsData: false, peer });
    socket.on('data', (bytes) => {
      try {
        reader.push(bytes);
      } catch (error) {
        settle(error);
      }
    });
    socket.on('error', (error) => settle(tlsError(peer, error) ?? socketError(peer, error, connected)));
    socket.on('close', () => settle(new ManygetError('connection-lost', `${peer} closed the connection`)));
  });
}

/** The talk about it on one connection: the greeting, then page after page. */
class Listing implements FrameHandler {
  readonly files: ListedFile[] = [];
  readonly #peer: string;
  readonly #socket: Socket;
  readonly #greeting: MgpGreeting;
  readonly #onWhole: () => void;

  constructor(identity: MgpIdentity, peer: string, socket: Socket, onWhole: () => void) {
    this.#peer = peer;
    this.#socket = socket;
    this.#greeting = new MgpGreeting(identity, peer);
    this.#onWhole = onWhole;
  }

  /** The connection is there. */
  begin(): void {
    const first = this.#greeting.first();
    this.#socket.write(this.#greeting.isOneWay ? Buffer.concat([first, encodeMessage.list(1, {})]) : first);
  }

  frame({ type }: FrameHeader, payload: Uint8Array): void {
    if (type === frameType.error) {
      const refusal = readMessage.error(payload, this.#peer);
      throw new ManygetError(codeOfRefusal[refusal.code], `${this.#peer} answered: ${printable(refusal.message)}`);
    }
    if (type === frameType.goodbye) {
      const { reason } = readMessage.goodbye(payload, this.#peer);
      throw new ManygetError('server-closed', `${this.#peer} said goodbye: ${printable(reason)}`);
    }
    if (type === frameType.helloAnswer && !this.#greeting.isOneWay) {
      const proof = this.#greeting.answer(readMessage.hello(payload, this.#peer));
      this.#socket.write(Buffer.concat([...(proof === undefined ? [] : [proof]), encodeMessage.list(1, {})]));
    }
    if (type === frameType.listAnswer) this.#take(payload);
  }

  #take(payload: Uint8Array): void {
    const answer = readMessage.listAnswer(payload, this.#peer);
    this.files.push(...answer.files.map((f) => ({ name: f.name, sizeBytes: f.size })));
    const last = answer.files.at(-1);
    if (answer.more && last !== undefined && this.files.length < filesMax) {
      this.#socket.write(encodeMessage.list(2, { after: last.name }));
    } else this.#onWhole();
  }

  dataStart(): void {
    // None was asked for: the reader refuses it.
  }

  dataTarget(): undefined {
    return undefined;
  }

  dataFilled(): void {
    // As above.
  }
}
