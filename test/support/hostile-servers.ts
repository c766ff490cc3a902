/** Servers that mean harm, in plain bytes: what each does is in the test that starts it. Each speaks just enough to be listened to. */
import type { Socket } from 'node:net';
import { encodePreamble, FrameReader, frameType, type FrameHeader } from '../../src/wire/mgp-frame.js';
import { encodeMessage, readMessage, type StatAnswer } from '../../src/wire/mgp-messages.js';

/** Calls `answer` with the head of every request, its range read. */
export function talkHttp(
  answer: (socket: Socket, head: string, range: { start: number; end: number } | undefined) => void,
) {
  return (socket: Socket): void => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      for (let at = text.indexOf('\r\n\r\n'); at >= 0; at = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, at);
        text = text.slice(at + 4);
        const match = /\nrange: bytes=(\d+)-(\d*)/i.exec(head);
        const range =
          match === null
            ? undefined
            : { start: Number(match[1]), end: match[2] === '' ? Infinity : Number(match[2]) + 1 };
        answer(socket, head, range);
      }
    });
  };
}

/** Writes `chunk` for as long as anybody reads; as fast as it is read, or every so many milliseconds. */
export function writeForEver(socket: Socket, chunk: string | Uint8Array, everyMs?: number): void {
  if (everyMs !== undefined) {
    const timer = setInterval(() => socket.write(chunk), everyMs);
    socket.on('close', () => clearInterval(timer));
    return;
  }
  const one = Buffer.from(chunk);
  // Much at once, so that it is the client who is busy with it and not this process.
  const block = Buffer.concat(new Array<Buffer>(Math.ceil(65_536 / one.length)).fill(one));
  const pour = (): void => {
    while (!socket.destroyed && socket.write(block));
  };
  socket.on('drain', pour);
  pour();
}

interface MgpScript {
  /** What is said of the file: a change of the right answer. */
  readonly stat?: (right: StatAnswer) => StatAnswer;
  /** In place of the answer to STAT. */
  readonly onStat?: (socket: Socket, id: number, right: StatAnswer) => void;
  readonly onRange?: (socket: Socket, id: number, start: number, end: number) => void;
  readonly onHashes?: (socket: Socket, id: number, first: number, count: number) => void;
}

/** A native server of `bytes` without hashes, that follows the script. */
export function talkMgp(bytes: Uint8Array, script: MgpScript) {
  return (socket: Socket): void => {
    const right: StatAnswer = {
      name: 'file.bin',
      size: bytes.length,
      mtimeMs: 1,
      version: 'v1',
      pieceBytes: 64 * 1024,
      hashedBytes: 0,
      contentId: null,
      sha256: null,
    };
    const frame = ({ type, requestId: id, offset }: FrameHeader, payload: Uint8Array): void => {
      if (type === frameType.stat) {
        if (script.onStat !== undefined) script.onStat(socket, id, right);
        else socket.write(encodeMessage.statAnswer(id, script.stat?.(right) ?? right));
      }
      if (type === frameType.ping) socket.write(encodeMessage.pong(id));
      if (type === frameType.hashes) {
        script.onHashes?.(socket, id, offset, readMessage.hashes(payload, 'client').count);
      }
      if (type === frameType.range) script.onRange?.(socket, id, offset, readMessage.range(payload, 'client').end);
    };
    const reader = new FrameReader(
      { frame, dataStart: () => undefined, dataTarget: () => undefined, dataFilled: () => undefined },
      { acceptsData: false, peer: 'client' },
    );
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    socket.write(encodePreamble());
    socket.write(encodeMessage.helloAnswer({ agent: 'hostile/1' }));
  };
}
