import { randomBytes } from 'node:crypto';
import { symlink, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodePreamble } from '../../src/wire/mgp-frame.js';
import { encodeMessage } from '../../src/wire/mgp-messages.js';
import { RawHttpClient } from '../support/raw-http-client.js';
import { RawMgpClient } from '../support/raw-mgp-client.js';
import { TempFolder, TestFleet, type TestFleetOptions } from '../support/test-fleet.js';

const MiB = 1024 * 1024;
const bytes = randomBytes(2 * MiB);
let temp: TempFolder;

beforeEach(async () => {
  temp = await TempFolder.create();
});
afterEach(async () => {
  await temp[Symbol.asyncDispose]();
});

async function serve(options: TestFleetOptions = {}): Promise<TestFleet> {
  await writeFile(temp.join('a.bin'), bytes);
  return TestFleet.start([temp.join('a.bin')], options);
}

async function crowd(port: number, count: number): Promise<RawHttpClient[]> {
  return Promise.all(Array.from({ length: count }, () => RawHttpClient.connect(port)));
}

/** Asks for as much as it can, and reads nothing. */
async function deafClient(port: number, from: string, mgpVersion: string | undefined): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.pause();
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (mgpVersion === undefined) {
    socket.write('GET /large.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9999\r\n\r\n'.repeat(500));
    return socket;
  }
  socket.write(encodePreamble());
  socket.write(encodeMessage.hello({ agent: 'deaf' }));
  socket.write(encodeMessage.range(1, 0, { name: 'large.bin', version: mgpVersion, end: 64 * MiB }));
  return socket;
}

async function isServed(served: TestFleet): Promise<void> {
  await using polite = await RawHttpClient.connect(served.port());
  const answer = await polite.get('/a.bin');
  expect([answer.status, answer.body.equals(bytes)]).toEqual([200, true]);
}

describe('a hostile client', () => {
  it('that sends its head drop by drop is cut off when its time is over, however busily it drips', async () => {
    await using served = await serve({ limits: { helloMs: 200 } });
    await using loris = await RawHttpClient.connect(served.port());
    let dripping = true;
    const drip = (async () => {
      loris.send('GET /a.bin HTTP/1.1\r\nHost: a\r\n');
      while (dripping && !loris.socket.destroyed) {
        loris.send('X: y\r\n');
        await delay(20);
      }
    })();
    expect((await loris.answer()).status).toBe(408);
    await loris.ended();
    dripping = false;
    await drip;
  });

  it('that opens connections and says nothing loses them, and no one waits for it meanwhile', async () => {
    await using served = await serve({ limits: { helloMs: 300 } });
    const silent = await crowd(served.port(), 200);
    await isServed(served);
    expect(await Promise.all(silent.map((client) => client.ended()))).toHaveLength(200);
  });

  it('that closes its half at once, or within a head, is let go at once', async () => {
    await using served = await serve({ limits: { helloMs: 600_000, keepAliveMs: 600_000 } });
    const halves = await crowd(served.port(), 200);
    for (const [i, client] of halves.entries()) {
      if (i % 2 === 0) client.send('GET /a.bin HTTP/1.1\r\nHo');
      client.socket.end();
    }
    expect(await Promise.all(halves.map((client) => client.ended()))).toHaveLength(200);
    await isServed(served);
  });

  it('that pipelines without end and reads nothing keeps no other from being served, and costs little memory', async () => {
    await using served = await serve();
    const clients = await crowd(served.port(), 8);
    for (const client of clients) {
      client.socket.pause();
      for (let i = 0; i < 5000; i += 1) client.ask('/a.bin');
    }
    await isServed(served);
    // Of ten GiB that each asked for no more was sent than what sockets hold.
    const sent = served.server().sentBytes;
    expect(sent).toBeLessThan(clients.length * 16 * MiB + 2 * bytes.length);
    for (const client of clients) client.socket.destroy();
  });

  it('that sends requests by the thousand ahead from many connections makes the server keep few of them', async () => {
    await using served = await serve();
    const clients = await crowd(served.port(), 200);
    const text = 'GET /a.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=0-0\r\n\r\n'.repeat(1200);
    for (const client of clients) client.send(text);
    // Whose requests there is no memory for gets the answer under way, as its last one, and asks again.
    const ends = clients.map(async (client) => {
      let answers = 0;
      while (answers < 1200 && client.ending === 'open') {
        const answer = await client.answer().catch(() => undefined);
        if (answer === undefined) break;
        expect(answer.status).toBe(206);
        answers += 1;
      }
      return answers;
    });
    const answered = await Promise.all(ends);
    expect(answered.some((count) => count === 1200)).toBe(true);
    expect(Math.min(...answered)).toBeGreaterThan(0);
    await isServed(served);
    for (const client of clients) client.socket.destroy();
  }, 120_000);

  it.runIf(process.platform === 'linux').each(['HTTP', 'mgp'] as const)(
    'that reads nothing leaves most of a limited server to one that reads, over %s',
    async (spoken) => {
      const path = await temp.sparse('large.bin', 64 * MiB);
      await using served = await TestFleet.start([path], { rateLimits: [16 * MiB] });
      await using polite = await RawHttpClient.connect(served.port());
      const read = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i += 1) {
          expect((await polite.get('/large.bin', { Range: `bytes=0-${MiB - 1}` })).body.length).toBe(MiB);
        }
      };
      // What shows that it reads: more than kernels hold, and as much again.
      await read(18);
      await using asker = await RawMgpClient.connect(served.port());
      const { version } = await asker.stat('large.bin');
      const deaf = await Promise.all(
        Array.from({ length: 80 }, (_, i) =>
          deafClient(served.port(), `127.0.1.${1 + (i % 4)}`, spoken === 'mgp' ? version : undefined),
        ),
      );
      while (served.server().clients < 82) await delay(5);
      const before = served.server().sentBytes;
      await read(8);
      const others = served.server().sentBytes - before - 8 * MiB;
      // An equal share for each address would be 32 MiB for them, one for each connection 640 MiB.
      expect(others).toBeLessThan(10 * MiB);
      for (const socket of deaf) socket.destroy();
    },
  );

  it('that asks for thousands of ranges, or for absurd ones, gets the file or a refusal, never more', async () => {
    await using served = await serve();
    const many = Array.from({ length: 1500 }, (_, i) => `${i}-${i}`).join(',');
    const asks: [string, number][] = [
      [`bytes=${many}`, 200],
      [`bytes=${'0-,'.repeat(40)}0-`, 200],
      ['bytes=99999999999999999999-', 416],
      ['bytes=0-99999999999999999999999999', 206],
      ['bytes=-99999999999999999999999999', 206],
    ];
    for (const [range, status] of asks) {
      await using client = await RawHttpClient.connect(served.port());
      const answer = await client.get('/a.bin', { Range: range });
      expect([range.slice(0, 20), answer.status]).toEqual([range.slice(0, 20), status]);
      expect(answer.body.length).toBeLessThanOrEqual(bytes.length);
    }
  });

  it.each(['/../secret', '/%2e%2e/secret', '/..%2fsecret', '/a.bin/../../secret', '/link', '/%00', '/\\..\\secret'])(
    'that asks for %s sees nothing of what is not offered',
    async (path) => {
      await writeFile(temp.join('secret'), 'secret');
      await using inner = await TempFolder.create();
      await writeFile(inner.join('a.bin'), bytes);
      await symlink(temp.join('secret'), inner.join('link'));
      await using served = await TestFleet.start([inner.path]);
      await using client = await RawHttpClient.connect(served.port());
      const name = inner.path.split('/').at(-1) ?? '';
      for (const target of [path, `/${name}${path}`]) {
        const answer = await client.get(target).catch(() => undefined);
        expect(answer?.status ?? 400).toBeGreaterThanOrEqual(400);
        expect(answer?.body.toString() ?? '').not.toContain('secret\n');
        if (answer === undefined || answer.header('Connection') === 'close') break;
      }
    },
  );

  it('that goes on asking while a server closes keeps it open no longer than its grace', async () => {
    await using served = await serve({ limits: { graceMs: 300 } });
    const clients = await crowd(served.port(), 20);
    let asking = true;
    const flood = (async () => {
      while (asking) {
        for (const client of clients) if (!client.socket.destroyed) client.ask('/a.bin', { Range: 'bytes=0-9' });
        await delay(5);
      }
    })();
    await clients[0]?.answer();
    await served.fleet.close(1);
    expect(served.server()).toMatchObject({ state: 'closed', clients: 0 });
    for (const client of clients) await client.ended();
    asking = false;
    await flood;
  });

  it('that sends half of a native frame and no more is ended like any silent one', async () => {
    await using served = await serve({ limits: { idleMs: 200 } });
    await using client = await RawMgpClient.connect(served.port());
    client.send(Buffer.from([0x02, 0x00]));
    await client.ended();
    await isServed(served);
  });
});
