import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { encodeFrame, encodePreamble, frameType } from '../../src/wire/mgp-frame.js';
import { encodeMessage } from '../../src/wire/mgp-messages.js';
import { DownloadLab, eventsOf, failure, mib, seededBytes } from '../support/download-lab.js';
import { talkHttp, talkMgp, writeForEver } from '../support/hostile-servers.js';

const bytes = seededBytes(mib, 7);
const huge = 10 ** 15;
const everyMs = 20;

/** What a server does, the code of the error that ends its part in a download, and a part of its sentence. */
type Act = readonly [act: string, talk: (socket: Socket) => void, code: string, says: string];

const ok = 'HTTP/1.1 200 OK\r\nETag: "x"\r\n';
const firstByte = `HTTP/1.1 206 Partial Content\r\nETag: "x"\r\nContent-Length: 1\r\nContent-Range: bytes 0-0/${mib}\r\n\r\nx`;
const violation = 'protocol-violation';
const nothingSaid = 'but said nothing within 0.3 s';

function answers(text: string): Act[1] {
  return talkHttp((socket) => socket.write(text));
}

function pours(first: string, chunk: string, pauseMs?: number): Act[1] {
  return talkHttp((socket) => {
    socket.write(first);
    writeForEver(socket, chunk, pauseMs);
  });
}

const http: Act[] = [
  ['header lines without end', pours(ok, `A: ${'x'.repeat(500)}\r\n`), violation, 'a head of more than 65536 bytes'],
  ['a header line without end', pours(`${ok}A: `, 'x'.repeat(1000)), violation, 'a header line of more than 16384'],
  ['early hints without end', pours('', 'HTTP/1.1 103 Early Hints\r\n\r\n', everyMs), 'source-silent', nothingSaid],
  ['a head that drips', pours(ok, 'A: b\r\n', everyMs), 'source-silent', nothingSaid],
  ['a body behind the body without end', pours(firstByte, 'x'.repeat(1000)), 'not-http', 'does not speak HTTP/1'],
  ['two lengths', answers(`${ok}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`), violation, 'two different'],
  ['a length and chunks', answers(`${ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`), violation, 'both'],
  ['a length of 2^64', answers(`${ok}Content-Length: 18446744073709551616\r\n\r\n`), violation, 'the Content-Length'],
  ['a length of 10^15', answers(`${ok}Content-Length: ${huge}\r\n\r\n`), 'http-content', `a size of ${huge} bytes`],
  [
    'a range of 10^15',
    answers(firstByte.replace(`/${mib}`, `/${huge}`)),
    'http-content',
    `a size of ${huge} bytes, expected at most 281474976710656`,
  ],
  ['a coded transfer', answers(`${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`), violation, '"gzip, chunked"'],
  ['a coded body', answers(`${ok}Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\n`), 'http-content', '"gzip"'],
  ['a NUL in a header', answers(`${ok}A: b\0c\r\n\r\n`), violation, 'the header line "A: b\\u{0}c"'],
  ['a header put into a header', answers(`${ok}A: b\nSet-Cookie: a=b\r\n\r\n`), violation, 'without a carriage return'],
  ['escapes in a header', answers(`${ok}A: \u001b[2J\r\n\r\n`), violation, '\\u{1b}[2J'],
  ['escapes in its reason', answers('HTTP/1.1 404 \u001b]0;x\u0007\r\n\r\n'), 'not-found', '404 \\u{1b}]0;x\\u{7}'],
  [
    'a redirect to itself',
    answers('HTTP/1.1 302 F\r\nLocation: /file.bin\r\nContent-Length: 0\r\n\r\n'),
    'http-redirect',
    'after 10',
  ],
  [
    'a redirect to a file of ours',
    answers('HTTP/1.1 302 F\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n'),
    'http-redirect',
    'to the scheme "file"',
  ],
];

/** Greets, and then does nothing but pour. */
function mgpPours(chunk: Uint8Array, pauseMs?: number): Act[1] {
  return (socket) => {
    socket.write(encodePreamble());
    socket.write(encodeMessage.helloAnswer({ agent: 'hostile/1' }));
    writeForEver(socket, chunk, pauseMs);
  };
}

function frameOfBytes(payloadBytes: number): Uint8Array {
  const frame = encodeFrame(frameType.helloAnswer, 0);
  new DataView(frame.buffer, frame.byteOffset).setUint32(8, payloadBytes);
  return Buffer.concat([encodePreamble(), frame]);
}

const hashed = { hashedBytes: mib, contentId: 'a'.repeat(64) };

const native: Act[] = [
  ['a frame of 4 GiB', (socket) => socket.write(frameOfBytes(0xffff_ffff)), violation, 'a payload of 4294967295 bytes'],
  [
    'a hello that drips',
    (socket) => {
      socket.write(frameOfBytes(1000));
      writeForEver(socket, ' ', everyMs);
    },
    'source-silent',
    nothingSaid,
  ],
  ['pongs without end', mgpPours(encodeMessage.pong(9)), violation, 'a PONG that nobody asked for'],
  ['hellos without end', mgpPours(encodeMessage.helloAnswer({ agent: 'x' })), violation, 'more than 16 times'],
  [
    'facts without end',
    talkMgp(bytes, { onStat: (s, id, right) => writeForEver(s, encodeMessage.statAnswer(id, right)) }),
    violation,
    'more than 16 times',
  ],
  [
    'data that nobody asked for',
    mgpPours(encodeFrame(frameType.data, 77, 0, bytes.subarray(0, 1000))),
    violation,
    'data for request 77',
  ],
  [
    'more data than was asked for, without end',
    talkMgp(bytes, {
      stat: (right) => ({ ...right, size: 1000 }),
      onRange: (socket, id, start) => writeForEver(socket, encodeFrame(frameType.data, id, start, bytes)),
    }),
    violation,
    'expected them from 0 to 1000 at most',
  ],
  [
    'data for another place',
    talkMgp(bytes, {
      onRange: (s, id, start) => s.write(encodeFrame(frameType.data, id, start + 5, bytes.subarray(0, 9))),
    }),
    violation,
    'sent bytes 5 to 14, expected them from 0',
  ],
  [
    'ranges that end before they begin',
    talkMgp(bytes, { onRange: (s, id, start) => s.write(encodeMessage.end(id, start)) }),
    violation,
    'at 0 behind 0, expected 16 at',
  ],
  [
    'a size of 10^15',
    talkMgp(bytes, { stat: (right) => ({ ...right, size: huge }) }),
    violation,
    'at most 4194304 pieces',
  ],
  [
    'more hashed than there is',
    talkMgp(bytes, { stat: (right) => ({ ...right, ...hashed, hashedBytes: huge }) }),
    violation,
    'are hashed of a file of',
  ],
  [
    'hashes of another number',
    talkMgp(bytes, {
      stat: (right) => ({ ...right, ...hashed }),
      onHashes: (s, id) => s.write(encodeMessage.hashesAnswer(id, 0, new Uint8Array(64))),
    }),
    violation,
    'sent 64 bytes of piece hashes from piece 0, expected 512',
  ],
  [
    'escapes in a refusal',
    talkMgp(bytes, {
      onStat: (s, id) => s.write(encodeMessage.error(id, { code: 'failed', message: '\u001b[2Jx\r\n' })),
    }),
    'server-read-failed',
    '\\u{1b}[2Jx\\u{d}\\u{a}',
  ],
  [
    'escapes in a farewell',
    talkMgp(bytes, { onStat: (s) => s.write(encodeMessage.goodbye({ reason: '\u001b[2Jx' })) }),
    'server-closed',
    'said goodbye: \\u{1b}[2Jx',
  ],
];

const options = { connectTimeoutMs: 300, giveUpAfterMs: 700, http: { netrc: false, proxy: {} } } as const;
// eslint-disable-next-line no-control-regex -- nothing that a server sent may move a cursor
const harmless = /^[^\u0000-\u001f\u007f-\u009f]{1,600}$/;

describe.concurrent.each([
  ['HTTP', 'http', http],
  ['mgp', 'mgp', native],
] as const)('a hostile server that speaks %s and sends', (_name, scheme, acts) => {
  it.each(acts)('%s ends its part in one harmless sentence', async (_act, talk, code, says) => {
    await using lab = await DownloadLab.create();
    const handle = lab.get([`${scheme}://127.0.0.1:${await lab.listen(talk)}/file.bin`], options);
    const error = await failure(handle);
    expect(eventsOf(handle, 'source-lost').map((event) => event.code)).toContain(code);
    expect(error.message).toMatch(harmless);
    expect(error.message).toContain(says);
    expect(['no-source', 'file-not-found', 'gave-up']).toContain(error.code);
    expect(lab.written()).toBeUndefined();
  });

  it.each(acts)('%s keeps nobody from the file that others have', async (_act, talk) => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', mib, 7);
    const good = (await lab.serve(file.path, { servers: 2 })).urls().map((url) => url.replace('mgp:', `${scheme}:`));
    const handle = lab.get([`${scheme}://127.0.0.1:${await lab.listen(talk)}/file.bin`, ...good], options);
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
    for (const event of handle.recentEvents(10_000)) {
      if ('reason' in event) expect(event.reason).toMatch(harmless);
    }
  });
});

describe.concurrent('a server that answers first, with a size that no disk holds,', () => {
  it.each(['http', 'mgp'])('is outvoted over %s', async (scheme) => {
    await using lab = await DownloadLab.create();
    const large = 10 ** 14;
    const talk =
      scheme === 'http'
        ? answers(firstByte.replace(`/${mib}`, `/${large}`))
        : talkMgp(bytes, { stat: (right) => ({ ...right, size: large, pieceBytes: 64 * mib }) });
    const file = lab.file('file.bin', mib, 7);
    const good = (await lab.serve(file.path, { servers: 2 })).urls().map((url) => url.replace('mgp:', `${scheme}:`));
    const handle = lab.get([`${scheme}://127.0.0.1:${await lab.listen(talk)}/file.bin`, ...good], options);
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
    expect(handle.snapshot().sources[0]?.note).toContain(`${large} bytes`);
  });
});

describe.concurrent('a server that answers first, and cuts the file into other pieces than the protocol has,', () => {
  it('keeps nobody out who does it right', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', mib, 7);
    const good = (await lab.serve(file.path, { servers: 2 })).urls();
    const handle = lab.get([`mgp://127.0.0.1:${await lab.listen(talkMgp(bytes, {}))}/file.bin`, ...good], options);
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
    expect(handle.snapshot().sources[0]?.note).toContain('into pieces of 65536 bytes, expected 262144');
  });
});

describe.concurrent('a server that drips its bytes', () => {
  it.each(['http', 'mgp'])('holds nobody up over %s', async (scheme) => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', mib, 7);
    const talk =
      scheme === 'http'
        ? talkHttp((socket, _head, range) => {
            if (range?.end === 1) socket.write(firstByte);
            else {
              const [start, end] = [range?.start ?? 0, Math.min(range?.end ?? mib, mib)];
              socket.write(
                `HTTP/1.1 206 P\r\nETag: "x"\r\nContent-Length: ${end - start}\r\nContent-Range: bytes ${start}-${end - 1}/${mib}\r\n\r\n`,
              );
              writeForEver(socket, 'x', everyMs);
            }
          })
        : talkMgp(bytes, {
            onRange: (socket, id, start) => {
              let at = start;
              const timer = setInterval(
                () => socket.write(encodeFrame(frameType.data, id, at, bytes.subarray(at, (at += 1)))),
                everyMs,
              );
              socket.on('close', () => clearInterval(timer));
            },
          });
    const good = (await lab.serve(file.path, { servers: 2 })).urls().map((url) => url.replace('mgp:', `${scheme}:`));
    await lab.get([`${scheme}://127.0.0.1:${await lab.listen(talk)}/file.bin`, ...good], options).done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });
});
