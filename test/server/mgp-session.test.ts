import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeFrame, encodePreamble, frameType } from '../../src/wire/mgp-frame.js';
import { mgpLimits } from '../../src/wire/mgp-limits.js';
import { encodeMessage, readMessage } from '../../src/wire/mgp-messages.js';
import { RawMgpClient, type RawFrame } from '../support/raw-mgp-client.js';
import { TempFolder, TestFleet, type TestFleetOptions } from '../support/test-fleet.js';

const MiB = 1024 * 1024;
const largeBytes = 64 * MiB;
let temp: TempFolder;

beforeEach(async () => {
  temp = await TempFolder.create();
});
afterEach(async () => {
  await temp[Symbol.asyncDispose]();
});

async function serveSmall(options: TestFleetOptions = {}): Promise<TestFleet> {
  await writeFile(temp.join('a.bin'), randomBytes(MiB));
  return TestFleet.start([temp.join('a.bin')], options);
}

async function serveLarge(options: TestFleetOptions = {}): Promise<TestFleet> {
  return TestFleet.start([await temp.sparse('a.bin', largeBytes)], options);
}

const isError = (frame: RawFrame): boolean => frame.type === frameType.error;

async function refusal(client: RawMgpClient): Promise<string> {
  const { code, message } = readMessage.error((await client.take(isError)).payload, 'server');
  expect(code).toBe('violation');
  await client.ended();
  return message;
}

describe('a greeting', () => {
  it('is answered as soon as the preamble is there, however it is cut', async () => {
    await using served = await serveSmall();
    await using client = await RawMgpClient.connect(served.port(), { greet: false });
    for (const byte of encodePreamble()) client.send(Uint8Array.of(byte));
    const answer = await client.take();
    expect(answer.type).toBe(frameType.helloAnswer);
    expect(readMessage.hello(answer.payload, 'server')).toEqual({ agent: 'test/1' });
    const hello = encodeMessage.hello({ agent: 'x' });
    for (const byte of hello) client.send(Uint8Array.of(byte));
    expect((await client.stat('a.bin')).size).toBe(MiB);
  });

  it('of a stranger gets no answer but the end', async () => {
    await using served = await serveSmall();
    for (const text of ['\x16\x03\x01\x02\x00\x01', '\x00\x01\x02\x03\x04', '{"jsonrpc":"2.0"}\n', '\r\n']) {
      const socket = connect(served.port(), '127.0.0.1');
      const received: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => received.push(chunk));
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.on('error', () => undefined); // A reset is an end, too.
      socket.write(text, 'latin1');
      await closed;
      expect(Buffer.concat(received).length).toBe(0);
    }
    await using client = await RawMgpClient.connect(served.port());
    expect((await client.stat('a.bin')).size).toBe(MiB);
  });

  it('of another version is told which version is spoken here', async () => {
    await using served = await serveSmall();
    await using client = await RawMgpClient.connect(served.port(), { greet: false });
    client.send(encodePreamble(2));
    expect(await refusal(client)).toMatch(/mgp\/2.*mgp\/1/);
  });

  it('that does not come ends the connection, with and without a preamble', async () => {
    await using served = await serveSmall({ limits: { helloMs: 50 } });
    await using silent = await RawMgpClient.connect(served.port(), { greet: false });
    await silent.ended();
    await using half = await RawMgpClient.connect(served.port(), { greet: false });
    half.send(encodePreamble());
    expect(await refusal(half)).toMatch(/HELLO/);
  });

  it('must come first, and once', async () => {
    await using served = await serveSmall();
    await using early = await RawMgpClient.connect(served.port(), { greet: false });
    early.send(encodePreamble(), encodeMessage.stat(1, { name: 'a.bin' }));
    expect(await refusal(early)).toMatch(/expected HELLO/);
    await using twice = await RawMgpClient.connect(served.port());
    twice.send(encodeMessage.hello({ agent: 'again' }));
    expect(await refusal(twice)).toMatch(/0x01/);
  });
});

describe('bytes against the rules', () => {
  const name = 'a.bin';
  it.each<[string, Uint8Array, RegExp]>([
    ['an unknown type', Uint8Array.of(0x55, ...new Array<number>(19).fill(0)), /0x55/],
    ['reserved bits', Uint8Array.of(frameType.ping, 0, 1, ...new Array<number>(17).fill(0)), /reserved/],
    ['an answer', encodeMessage.pong(1), /0x87/],
    ['data', encodeFrame(frameType.data, 1, 0, new Uint8Array(1)), /DATA/],
    ['broken JSON', encodeFrame(frameType.stat, 1, 0, Buffer.from('{"name"')), /JSON/],
    ['broken UTF-8', encodeFrame(frameType.stat, 1, 0, Uint8Array.of(0x22, 0xff, 0x22)), /JSON/],
    ['a missing member', encodeFrame(frameType.range, 1, 0, Buffer.from('{"name":"a.bin","end":1}')), /version/],
    ['a name too long', encodeMessage.stat(1, { name: 'x'.repeat(4097) }), /name/],
    ['the request id 0', encodeMessage.stat(0, { name }), /id 0/],
    ['a request of 40 KiB', encodeFrame(frameType.stat, 1, 0, new Uint8Array(40_960)), /32768/],
    ['an offset of 2^53', Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0), /2\^53/],
  ])('end the connection with a reason: %s', async (_what, bytes, reason) => {
    await using served = await serveSmall();
    await using client = await RawMgpClient.connect(served.port());
    client.send(bytes);
    expect(await refusal(client)).toMatch(reason);
    await using next = await RawMgpClient.connect(served.port());
    expect((await next.stat(name)).size).toBe(MiB);
  });

  it('may be anything at all: the server lives on', async () => {
    await using served = await serveSmall();
    for (let round = 0; round < 20; round += 1) {
      await using client = await RawMgpClient.connect(served.port());
      client.send(randomBytes(2000));
      await client.ended();
    }
    await using next = await RawMgpClient.connect(served.port());
    expect((await next.stat('a.bin')).size).toBe(MiB);
    expect(served.server().state).toBe('alive');
  });

  it('include a second RANGE with an open id', async () => {
    await using served = await serveLarge();
    await using client = await RawMgpClient.connect(served.port());
    const { version } = await client.stat('a.bin');
    const range = encodeMessage.range(9, 0, { name: 'a.bin', version, end: largeBytes });
    client.send(range, range);
    expect(await refusal(client)).toMatch(/open id 9/);
  });
});

describe('a request', () => {
  it('for what is not served is answered with "not-found", and the connection goes on', async () => {
    await writeFile(temp.join('secret.txt'), 'secret');
    await symlink('/etc/passwd', temp.join('link'));
    execFileSync('mkfifo', [temp.join('pipe')]);
    await using served = await serveSmall();
    await using client = await RawMgpClient.connect(served.port());
    for (const name of [
      'x',
      '../secret.txt',
      '/etc/passwd',
      'a.bin/..',
      'secret.txt',
      'a.bin/',
      'link',
      'pipe',
      '\0',
    ]) {
      const [stat, range] = [client.newId(), client.newId()];
      client.send(encodeMessage.stat(stat, { name }), encodeMessage.range(range, 0, { name, version: 'v', end: 1 }));
      expect(await client.error(stat)).toMatchObject({ code: 'not-found' });
      expect(await client.error(range)).toMatchObject({ code: 'not-found' });
    }
    expect((await client.stat('a.bin')).size).toBe(MiB);
  });

  it('for bytes or pieces that a file does not have is answered with "bad-range"', async () => {
    await using served = await serveSmall();
    await using client = await RawMgpClient.connect(served.port());
    const { version } = await client.hashed('a.bin');
    for (const [start, end] of [
      [0, MiB + 1],
      [5, 4],
      [MiB + 1, MiB + 1],
    ] as const) {
      expect((await client.fetch('a.bin', version, start, end)).error).toMatchObject({ code: 'bad-range' });
    }
    for (const [first, count] of [
      [0, 5],
      [4, 1],
      [Number.MAX_SAFE_INTEGER, 1],
    ] as const) {
      const id = client.newId();
      client.send(encodeMessage.hashes(id, first, { name: 'a.bin', version, count }));
      expect(await client.error(id)).toMatchObject({ code: 'bad-range' });
    }
  });

  it('beyond the 64 ranges that may be open is answered with "busy", and the others go on', async () => {
    await using served = await serveLarge();
    await using client = await RawMgpClient.connect(served.port());
    const { version } = await client.stat('a.bin');
    client.socket.pause();
    const first = client.range('a.bin', version, 0, largeBytes);
    const more = Array.from({ length: mgpLimits.rangesOpenMax }, () => client.range('a.bin', version, 0, 10));
    client.socket.resume();
    const last = more.pop() ?? 0;
    expect((await client.rangeResult(last)).error).toMatchObject({ code: 'busy' });
    expect((await client.rangeResult(first)).bytes.length).toBe(largeBytes);
    for (const id of more) expect((await client.rangeResult(id)).bytes.length).toBe(10);
  });

  it('waits while the client leaves answers unread, and is answered once it reads', async () => {
    await using served = await serveSmall();
    await using client = await RawMgpClient.connect(served.port());
    client.socket.pause();
    const ids = Array.from({ length: 20_000 }, () => client.newId());
    for (const id of ids) client.send(encodeMessage.stat(id, { name: 'a.bin' }));
    client.socket.resume();
    const answers: number[] = [];
    while (answers.length < ids.length) answers.push((await client.take()).requestId);
    expect(answers).toEqual(ids);
  });

  it('for the list is answered in pages', async () => {
    await using served = await serveSmall();
    await using client = await RawMgpClient.connect(served.port());
    client.send(encodeMessage.list(1, {}), encodeMessage.list(2, { after: 'a.bin' }));
    const page = readMessage.listAnswer((await client.answer(1)).payload, 'server');
    expect(page).toMatchObject({ files: [{ name: 'a.bin', size: MiB }], more: false });
    const empty = readMessage.listAnswer((await client.answer(2)).payload, 'server');
    expect(empty).toEqual({ files: [], more: false });
  });
});

describe('a connection', () => {
  it('ends when the client says goodbye, or closes its half', async () => {
    await using served = await serveSmall();
    await using polite = await RawMgpClient.connect(served.port());
    polite.send(encodeMessage.goodbye({ reason: 'done' }));
    expect(await polite.ended()).toBe('fin');
    await using half = await RawMgpClient.connect(served.port());
    half.socket.end();
    expect(await half.ended()).toBe('fin');
  });

  it('without any traffic ends with GOODBYE', async () => {
    await using served = await serveSmall({ limits: { idleMs: 100 } });
    await using client = await RawMgpClient.connect(served.port());
    expect((await client.take()).type).toBe(frameType.goodbye);
    expect(await client.ended()).toBe('fin');
  });

  it('too many is turned away as "busy", and there is room again when one has left', async () => {
    await using served = await serveSmall({ limits: { connectionsMax: 1 } });
    const first = await RawMgpClient.connect(served.port());
    await using second = await RawMgpClient.connect(served.port(), { greet: false });
    second.send(encodePreamble(), encodeMessage.hello({ agent: 'x' }));
    const error = readMessage.error((await second.take()).payload, 'server');
    expect(error.code).toBe('busy');
    await second.ended();
    first.send(encodeMessage.goodbye({ reason: 'done' }));
    await first.ended();
    await first[Symbol.asyncDispose]();
    let third = await greeted(served.port());
    while (third === undefined) third = await greeted(served.port());
    expect((await third.stat('a.bin')).size).toBe(MiB);
    await third[Symbol.asyncDispose]();
  });

  async function greeted(port: number): Promise<RawMgpClient | undefined> {
    return RawMgpClient.connect(port).catch(() => undefined);
  }

  /** Resolves once the server says that it sends nothing any more: nobody takes anything. */
  async function stalled(served: TestFleet): Promise<void> {
    const sends = (): boolean => served.server().sentBytes === 0 || served.server().speedBytesPerSec > 0;
    await expect.poll(sends, { timeout: 20_000 }).toBe(false);
  }

  it('that takes nothing starves no other of memory', async () => {
    await using served = await serveLarge({ limits: { poolBytes: 128 * 1024 } });
    await using stuck = await RawMgpClient.connect(served.port());
    const { version } = await stuck.stat('a.bin');
    stuck.socket.pause();
    stuck.range('a.bin', version, 0, largeBytes);
    await stalled(served);
    const clients = await Promise.all(Array.from({ length: 8 }, () => RawMgpClient.connect(served.port())));
    const results = await Promise.all(clients.map((client) => client.fetch('a.bin', version, 0, 2 * MiB)));
    expect(results.map((r) => r.bytes.length)).toEqual(clients.map(() => 2 * MiB));
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  it('that takes nothing is dropped once others wait for the memory that it holds', async () => {
    await using served = await serveLarge({ limits: { poolBytes: 64 * 1024, stallMs: 200 } });
    await using stuck = await RawMgpClient.connect(served.port());
    const { version } = await stuck.stat('a.bin');
    stuck.socket.pause();
    stuck.range('a.bin', version, 0, largeBytes);
    await stalled(served);
    await using client = await RawMgpClient.connect(served.port());
    expect((await client.fetch('a.bin', version, 0, 2 * MiB)).bytes.length).toBe(2 * MiB);
  });

  it('that breaks in mid-transfer gives its memory back', async () => {
    await using served = await serveLarge({ limits: { poolBytes: 128 * 1024 } });
    for (let round = 0; round < 10; round += 1) {
      const client = await RawMgpClient.connect(served.port());
      const { version } = await client.stat('a.bin');
      const id = client.range('a.bin', version, 0, largeBytes);
      await client.answer(id);
      client.socket.resetAndDestroy();
    }
    await using client = await RawMgpClient.connect(served.port());
    const { version } = await client.stat('a.bin');
    expect((await client.fetch('a.bin', version, 0, 4 * MiB)).bytes.length).toBe(4 * MiB);
  });
});
