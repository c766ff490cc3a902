import { asManygetError, ManygetError } from '../../base/errors.js';
import { printable } from '../../base/printable.js';
import { FrameReader, frameType, type FrameHandler, type FrameHeader } from '../../wire/mgp-frame.js';
import { encodeMessage, readMessage } from '../../wire/mgp-messages.js';
import type { ListedFile } from '../source.js';
import { tlsError } from '../tls-error.js';
import { dialMgp, type MgpIdentity } from './mgp-dial.js';
import { MgpGreeting } from './mgp-greeting.js';
import type { MgpAddress } from './mgp-url.js';
import { socketError } from './socket-error.js';

/** What is asked for at the most: a folder of more files than this is listed in part. */
const filesMax = 100_000;

/**
 * What a server offers, in the order of the names: at most 100,000 files.
 * @throws ManygetError of scope source: no connection, no answer within `timeoutMs`, not an mgp server.
 */
export function listFiles(
  address: MgpAddress,
  identity: MgpIdentity,
  timeoutMs: number,
): Promise<readonly ListedFile[]> {
  const peer = `server ${address.host}:${address.port}`;
  return new Promise((resolve, reject) => {
    const files: ListedFile[] = [];
    let connected = false;
    const greeting = new MgpGreeting(identity, peer);
    const socket = dialMgp(address, identity.trust, (fault) => {
      connected = true;
      if (fault !== undefined) settle(fault);
      else
        socket.write(
          greeting.isOneWay ? Buffer.concat([greeting.first(), encodeMessage.list(1, {})]) : greeting.first(),
        );
    });
    const settle = (error: unknown): void => {
      clearTimeout(timer);
      socket.destroy();
      if (error === undefined) resolve(files);
      else reject(asManygetError(error, 'unexpected', peer));
    };
    const timer = setTimeout(() => {
      settle(new ManygetError('connect-timeout', `${peer} did not answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    const handler: FrameHandler = {
      frame(header: FrameHeader, payload: Uint8Array): void {
        if (header.type === frameType.error) {
          const refusal = readMessage.error(payload, peer);
          const code = refusal.code === 'unauthorized' ? 'unauthorized' : 'server-read-failed';
          throw new ManygetError(code, `${peer} answered: ${printable(refusal.message)}`);
        }
        if (header.type === frameType.helloAnswer && !greeting.isOneWay) {
          const proof = greeting.answer(readMessage.hello(payload, peer));
          socket.write(Buffer.concat([...(proof === undefined ? [] : [proof]), encodeMessage.list(1, {})]));
        }
        if (header.type !== frameType.listAnswer) return;
        const answer = readMessage.listAnswer(payload, peer);
        files.push(...answer.files.map((f) => ({ name: f.name, sizeBytes: f.size })));
        const last = answer.files.at(-1);
        if (answer.more && last !== undefined && files.length < filesMax) {
          socket.write(encodeMessage.list(2, { after: last.name }));
        } else settle(undefined);
      },
      dataStart: () => undefined,
      dataTarget: () => undefined,
      dataFilled: () => undefined,
    };
    const reader = new FrameReader(handler, { acceptsData: false, peer });
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
