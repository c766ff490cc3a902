import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BodyFraming, HttpHead } from '../../src/wire/http-head.js';
import { HttpReader, type HttpReaderHandler } from '../../src/wire/http-reader.js';

/** Keeps bodies apart; has room for `roomBytes` and for at most `targetBytesMax` at a time. */
class Bodies implements HttpReaderHandler {
  readonly heads: number[] = [];
  readonly bodies: string[] = [];
  roomBytes = Infinity;
  targetBytesMax = 7;
  #body = '';
  #target = new Uint8Array(0);

  head(head: HttpHead, _framing: BodyFraming): void {
    this.heads.push(head.status);
  }

  bodyTarget(bytesMax: number): Uint8Array | undefined {
    const room = Math.min(bytesMax, this.targetBytesMax, this.roomBytes);
    if (room <= 0) return undefined;
    this.#target = new Uint8Array(room);
    return this.#target;
  }

  bodyFilled(bytes: number): void {
    this.roomBytes -= bytes;
    this.#body += Buffer.from(this.#target.subarray(0, bytes)).toString('latin1');
  }

  bodyEnded(): void {
    this.bodies.push(this.#body);
    this.#body = '';
  }
}

const stream =
  'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n' +
  'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world' +
  'HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\n\r\n5;x="y"\r\nchunk\r\n0A\r\nof bytes!!\r\n0\r\nTrailer: x\r\n\r\n' +
  'HTTP/1.1 204 No Content\r\n\r\n' +
  'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' +
  'HTTP/1.1 200 OK\r\n\r\nup to the end';
const heads = [200, 206, 204, 200, 200];
const bodies = ['hello world', 'chunkof bytes!!', '', '', 'up to the end'];

/**
 * Feeds `text` as a socket would: into what was armed, or, at times, in memory of its own.
 * @param mayWait In turns: the handler need not hear of a portion at once.
 */
function feed(
  reader: HttpReader,
  text: string,
  { portions, mayWait }: { portions: readonly number[]; mayWait: readonly boolean[] },
  resume: () => void,
): void {
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const portion = portions[turn % Math.max(1, portions.length)] ?? 5;
    const rest = bytes.subarray(at, at + portion);
    let goesOn: boolean;
    if (turn % 3 === 2) {
      at += rest.length;
      goesOn = reader.push(rest);
    } else {
      const armed = reader.arm();
      const n = Math.min(armed.length, rest.length);
      armed.set(rest.subarray(0, n));
      at += n;
      goesOn = reader.filled(n, mayWait[turn % mayWait.length] ?? false);
    }
    if (!goesOn) resume();
  }
}

describe('answers on one connection', () => {
  test('mean the same in whatever portions they come and however little room there is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
        (portions, room, targetBytesMax, mayWait) => {
          const handler = new Bodies();
          handler.targetBytesMax = targetBytesMax;
          handler.roomBytes = room;
          const reader = new HttpReader(handler, 'x');
          const refill = (): void => {
            do handler.roomBytes = room;
            while (!reader.resume());
          };
          feed(reader, stream, { portions, mayWait }, refill);
          handler.roomBytes = Infinity;
          reader.resume();
          expect(reader.ended()).toBe(true);
          expect([handler.heads, handler.bodies]).toEqual([heads, bodies]);
          expect(reader.atBoundary).toBe(true);
        },
      ),
    );
  });

  describe('of which the handler need not hear at once', () => {
    function reading(targetBytesMax: number): { reader: HttpReader; heard: number[] } {
      const handler = new Bodies();
      handler.targetBytesMax = targetBytesMax;
      const heard: number[] = [];
      const bodyFilled = handler.bodyFilled.bind(handler);
      handler.bodyFilled = (bytes) => {
        heard.push(bytes);
        bodyFilled(bytes);
      };
      const reader = new HttpReader(handler, 'x');
      reader.push(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n'));
      return { reader, heard };
    }

    function fill(reader: HttpReader, bytes: number, mayWait: boolean): void {
      expect(reader.arm().length).toBeGreaterThanOrEqual(bytes);
      reader.filled(bytes, mayWait);
    }

    test('are told together, once its memory is full', () => {
      const { reader, heard } = reading(100);
      for (const bytes of [40, 40]) fill(reader, bytes, true);
      expect([reader.arm().length, heard]).toEqual([20, []]);
      fill(reader, 20, true);
      expect([reader.arm().length, heard]).toEqual([100, [100]]);
    });

    test('are told together with those that may not wait', () => {
      const { reader, heard } = reading(100);
      for (const mayWait of [true, true, false, true]) fill(reader, 10, mayWait);
      expect(heard).toEqual([30]);
    });

    test('are told after 128 KiB at the latest', () => {
      const { reader, heard } = reading(900_000);
      for (let n = 0; n < 20; n += 1) fill(reader, 16 * 1024, true);
      expect(heard).toEqual([128 * 1024, 128 * 1024]);
    });

    test('are told before the stream ends, and when somebody wants to know', () => {
      const { reader, heard } = reading(100);
      fill(reader, 10, true);
      reader.settle();
      fill(reader, 20, true);
      reader.ended();
      expect(heard).toEqual([10, 20]);
    });
  });

  test('keep what comes while reading is paused', () => {
    const handler = new Bodies();
    handler.roomBytes = 3;
    const reader = new HttpReader(handler, 'x');
    expect(reader.push(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello'))).toBe(false);
    expect(reader.push(Buffer.from(' world'))).toBe(false);
    expect(reader.push(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'))).toBe(false);
    handler.roomBytes = Infinity;
    expect(reader.resume()).toBe(true);
    expect(handler.bodies).toEqual(['hello world', '']);
  });

  test('stop at once where the handler says so', () => {
    const handler = new Bodies();
    const reader = new HttpReader(handler, 'x');
    handler.head = () => reader.stop();
    reader.push(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nabc'));
    expect(handler.bodies).toEqual([]);
  });

  test.each([
    ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['interim answers without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20)],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n'],
    ['a chunk with a sign', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\n'],
    ['a chunk too large to count', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n'],
    ['a chunk line without carriage return', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n'],
    ['a chunk longer than it says', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n'],
    ['a chunk line without end', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;${'x'.repeat(2000)}`],
    ['trailers without end', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'A: b\r\n'.repeat(9000)}`],
  ])('are refused for %s', (_what, text) => {
    const reader = new HttpReader(new Bodies(), 'x');
    expect(() => reader.push(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'protocol-violation' }));
  });

  test('that are cut are not whole', () => {
    for (const text of ['HTTP/1.1 200', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel']) {
      const reader = new HttpReader(new Bodies(), 'x');
      reader.push(Buffer.from(text));
      expect([reader.ended(), reader.atBoundary]).toEqual([false, false]);
    }
  });
});
