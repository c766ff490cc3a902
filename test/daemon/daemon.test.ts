import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import { DaemonClient } from '../../src/daemon/client.js';
import type { QueueItem } from '../../src/base/queue-snapshot.js';
import { DownloadLab, type LabFleet } from '../support/download-lab.js';
import { startTestDaemon, type TestDaemon } from '../support/test-daemon.js';

/** Servers for all tests: two that take some seconds for the file, and two as fast as they can. */
let served: DownloadLab;
let fleet: LabFleet;
let fast: LabFleet;
let bytes: Buffer;
/** Each test's own. */
let lab: DownloadLab;
let one: TestDaemon;

beforeAll(async () => {
  served = await DownloadLab.create();
  const file = served.file('film.bin', 3_000_000);
  bytes = file.bytes;
  fleet = await served.serve(file.path, { rateLimits: [600_000, 600_000] });
  fast = await served.serve(file.path, { servers: 2 });
});

afterAll(async () => {
  await served[Symbol.asyncDispose]();
});

beforeEach(async () => {
  lab = await DownloadLab.create();
  one = lab.use(await startTestDaemon(lab.folder));
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

async function add(sources = fleet.urls(), options: Record<string, string> = {}): Promise<QueueItem> {
  const [item] = await one.client.add({ sources, options });
  if (item === undefined) throw new Error('nothing was added');
  return item;
}

async function stateOf(gid: string): Promise<string> {
  return (await one.client.detail(gid)).item.state;
}

/** What a request that `fetch` would not make is answered with. */
function statusOf(path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: one.daemon.address.port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

describe('the queue', () => {
  test('fetches a file from all of its sources', async () => {
    const { gid } = await add();
    await expect.poll(() => stateOf(gid), { timeout: 15_000 }).toBe('complete');
    expect(readFileSync(join(one.output, 'film.bin')).equals(bytes)).toBe(true);
    const { sources, item } = await one.client.detail(gid);
    expect(item).toMatchObject({ doneBytes: 3_000_000, verifiedBytes: 3_000_000, speedBytesPerSec: 0 });
    expect(sources.every((source) => source.receivedBytes > 0)).toBe(true);
    expect((await one.client.servers()).reduce((sum, server) => sum + server.bytes, 0)).toBe(3_000_000);
  });

  test('says by its code why it cannot do what is asked', async () => {
    const { gid } = await add(fast.urls());
    await expect.poll(() => stateOf(gid), { timeout: 15_000 }).toBe('complete');
    await expect(one.client.pause(gid)).rejects.toMatchObject({ code: 'state-conflict', exitStatus: 28 });
    await expect(one.client.pause('0123456789abcdef')).rejects.toMatchObject({ code: 'gid-unknown', exitStatus: 3 });
    const stranger = new DaemonClient(one.url, 'not the token');
    await expect(stranger.list()).rejects.toMatchObject({ code: 'daemon-refused', exitStatus: 24 });
  });

  test('runs at most so many at once, the first of those that wait next', async () => {
    one.daemon.queue.changeAll({ 'max-concurrent-downloads': '1' });
    const first = await add();
    const second = await add(fleet.urls(), { out: 'second.bin' });
    const third = await add(fleet.urls(), { out: 'third.bin' });
    one.daemon.queue.move(one.daemon.queue.lists.get(third.gid), 0, 'POS_SET');
    expect((await one.client.list()).map((item) => [item.gid, item.state])).toEqual([
      [first.gid, 'active'],
      [third.gid, 'waiting'],
      [second.gid, 'waiting'],
    ]);
    await one.client.remove(first.gid);
    expect(await stateOf(third.gid)).toBe('active');
    expect(await stateOf(second.gid)).toBe('waiting');
  });

  test('pauses and goes on', async () => {
    const { gid } = await add();
    await expect.poll(async () => (await one.client.detail(gid)).item.doneBytes).toBeGreaterThan(0);
    expect((await one.client.pause(gid)).item.state).toBe('paused');
    expect((await one.client.resume(gid)).item.state).toBe('active');
    await expect.poll(() => stateOf(gid), { timeout: 15_000 }).toBe('complete');
    expect(readFileSync(join(one.output, 'film.bin')).equals(bytes)).toBe(true);
  });

  test('tells of one that is removed as stopped by its user, not as failed', async () => {
    const { gid } = await add();
    await expect.poll(() => stateOf(gid)).toBe('active');
    await one.client.remove(gid);
    const last = async () =>
      (await one.client.log(gid, 0)).map(({ event }) => event).findLast((event) => event.type === 'phase');
    await expect.poll(last).toMatchObject({ phase: 'failed', code: 'aborted' });
  });

  test('calls a download what somebody wants it to be called, whatever its servers say', async () => {
    const { gid } = await add(fast.urls(), { out: 'my.bin' });
    await expect.poll(() => stateOf(gid), { timeout: 15_000 }).toBe('complete');
    const log = (await one.client.log(gid, 0)).map(({ event }) => event);
    expect(log.some((event) => event.type === 'source-ready')).toBe(true);
    expect((await one.client.detail(gid)).item.name).toBe('my.bin');
    const { gid: other } = await add(fleet.urls(), { out: 'other.bin' });
    await expect.poll(async () => (await one.client.detail(other)).item.doneBytes).toBeGreaterThan(0);
    expect((await one.client.detail(other)).item.name).toBe('other.bin');
  });

  test('gives a name that is taken a number', async () => {
    mkdirSync(one.output, { recursive: true });
    writeFileSync(join(one.output, 'film.bin'), 'of somebody else');
    const { gid } = await add(fast.urls());
    await expect.poll(() => stateOf(gid), { timeout: 15_000 }).toBe('complete');
    expect(readFileSync(join(one.output, 'film.bin'), 'utf8')).toBe('of somebody else');
    expect(readFileSync(join(one.output, 'film.1.bin')).equals(bytes)).toBe(true);
  });

  test('lets a source rest and uses it again, adds one, and keeps to a limit that is set while it runs', async () => {
    const { gid } = await add([fleet.url(1)], { 'max-download-limit': '50K' });
    await expect.poll(async () => (await one.client.detail(gid)).sources[0]?.state).toBe('active');
    const patch = (used: boolean) =>
      one.ask(`/api/downloads/${gid}/sources/0`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${one.daemon.token}` },
        body: JSON.stringify({ used }),
      });
    expect((await patch(false)).status).toBe(200);
    await expect.poll(async () => (await one.client.detail(gid)).sources[0]?.state).toBe('disabled');
    await one.daemon.queue.steering.add(one.daemon.queue.lists.get(gid), [fleet.url(2)]);
    expect((await patch(true)).status).toBe(200);
    await one.daemon.queue.change(one.daemon.queue.lists.get(gid), { 'max-download-limit': '0' });
    await expect.poll(() => stateOf(gid), { timeout: 15_000 }).toBe('complete');
    expect((await one.client.detail(gid)).sources).toHaveLength(2);
  });

  test('goes on by itself after the daemon has ended', async () => {
    const { gid } = await add();
    await expect.poll(async () => (await one.client.detail(gid)).item.doneBytes).toBeGreaterThan(100_000);
    await one.daemon[Symbol.asyncDispose]();
    one = lab.use(await startTestDaemon(lab.folder));
    await expect.poll(() => stateOf(gid), { timeout: 15_000 }).toBe('complete');
    expect(readFileSync(join(one.output, 'film.bin')).equals(bytes)).toBe(true);
  });

  test('says what went wrong, and tries again when it is told to', async () => {
    const { gid } = await add([fleet.url(1, 'nothing.bin')]);
    await expect.poll(() => stateOf(gid)).toBe('error');
    expect((await one.client.detail(gid)).item.error?.code).toBe('file-not-found');
    await one.client.resume(gid);
    await expect.poll(() => stateOf(gid)).toBe('error');
    await one.client.remove(gid);
    expect(await one.client.list()).toEqual([]);
  });
});

test('a program of the user is told of what has ended, and never becomes a command', async () => {
  const told = lab.path('told');
  const program = lab.path('hook');
  writeFileSync(
    program,
    `#!/bin/sh\nprintf '%s %s' "$MANYGET_PATH" "$MANYGET_SIZE" > "${told}.new" && mv "${told}.new" "${told}"\n`,
  );
  chmodSync(program, 0o700);
  await one.daemon[Symbol.asyncDispose]();
  one = lab.use(await startTestDaemon(lab.folder, { hooks: { onComplete: program } }));
  await add(fast.urls(), { out: '$(touch x); `y`.bin' });
  await expect
    .poll(() => lab.written(told)?.toString(), { timeout: 15_000 })
    .toBe(`${join(one.output, '$(touch x); `y`.bin')} 3000000`);
});

describe('the door', () => {
  test('the token is for the eyes of its user', () => {
    for (const name of ['token', 'queue.db', 'daemon.json']) {
      expect(statSync(lab.path('state', name)).mode & 0o077, name).toBe(0);
    }
  });

  test('a token that nobody could show in a header is refused when the daemon begins', async () => {
    mkdirSync(lab.path('odd', 'state'), { recursive: true });
    for (const token of ['two words', 'schlüssel', 'two\nlines', 'x'.repeat(1025)]) {
      writeFileSync(lab.path('odd', 'state', 'token'), `${token}\n`);
      await expect(startTestDaemon(lab.path('odd')), token).rejects.toMatchObject({
        code: 'io-failed',
        message: expect.stringContaining('delete it to have a new token made') as string,
      });
    }
    writeFileSync(lab.path('odd', 'state', 'token'), ' my-own-token\r\n');
    await using own = await startTestDaemon(lab.path('odd'));
    expect((await own.ask('/api/status')).status).toBe(200);
  });

  test('a daemon that cannot write down where it listens names the file', async () => {
    mkdirSync(lab.path('odd', 'state', 'daemon.json.new'), { recursive: true });
    await expect(startTestDaemon(lab.path('odd'))).rejects.toMatchObject({
      code: 'io-failed',
      message: expect.stringMatching(/^cannot write ".*daemon\.json": /) as string,
    });
  });

  test.each(['/api/downloads', '/api/events', '/api/status', '/api/openapi.json', '/metrics'])(
    '%s tells nothing without the token',
    async (path) => {
      for (const authorization of [undefined, 'Bearer wrong', `Basic ${one.daemon.token}`]) {
        const response = await one.ask(path, { headers: authorization === undefined ? {} : { authorization } });
        expect(response.status).toBe(401);
        await response.body?.cancel();
      }
      const response = await one.ask(path);
      expect(response.status).toBe(200);
      await response.body?.cancel();
    },
  );

  test.each([
    ['a Host that is not the daemon', { host: 'evil.example' }],
    ['a page of somebody else', { origin: 'http://evil.example' }],
    ['a page of nobody', { origin: 'null' }],
  ])('%s is refused, with the token too', async (_what, headers) => {
    expect(await statusOf('/api/status', { authorization: `Bearer ${one.daemon.token}`, ...headers })).toBe(403);
  });

  test.each([{}, { connection: 'upgrade', upgrade: 'websocket' }])(
    'a target that is no path is refused: %o',
    async (headers) => {
      expect(await statusOf('//', headers)).toBe(400);
      expect((await one.ask('/api/status')).status).toBe(200);
    },
  );

  test('who asks for a WebSocket where there is none, and is gone, ends nothing', async () => {
    const { port } = one.daemon.address;
    const ask = `GET /elsewhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    for (let i = 0; i < 20; i += 1) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(ask, () => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    expect((await one.ask('/api/status')).status).toBe(200);
  });

  test('who asks for a WebSocket where there is none, and stays, is hung up on and does not hold up the end', async () => {
    const socket = connect({ port: one.daemon.address.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write('GET /elsewhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    await once(socket, 'end');
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    await one.daemon[Symbol.asyncDispose]();
    socket.destroy();
  });

  test('stays open where the system has no descriptor for one who comes', async () => {
    const listen = vi.spyOn(Server.prototype, 'listen');
    await using other = await startTestDaemon(lab.path('other'));
    const [server] = listen.mock.contexts as Server[];
    listen.mockRestore();
    for (let i = 0; i < 3; i += 1) server?.emit('error', new Error('accept EMFILE'));
    expect((await other.ask('/api/status')).status).toBe(200);
  });

  test('so many WebSockets are open at once and no more, until one is closed', async () => {
    const url = `${one.url.replace('http', 'ws')}/jsonrpc`;
    const open = async (): Promise<WebSocket> => {
      const socket = new WebSocket(url);
      await once(socket, 'open');
      return socket;
    };
    const [first, ...others] = await Promise.all(Array.from({ length: 256 }, open));
    await expect(open()).rejects.toThrow('503');
    first?.close();
    await expect.poll(() => open().catch(() => undefined)).toBeDefined();
    for (const socket of others) socket.terminate();
  });

  test('a WebSocket of a foreign page is not opened, and one without the token is told nothing', async () => {
    const url = `${one.url.replace('http', 'ws')}/jsonrpc`;
    const foreign = new WebSocket(url, { origin: 'http://evil.example' });
    await expect(new Promise((_, reject) => foreign.once('error', reject))).rejects.toThrow('403');
    const silent = new WebSocket(url);
    const told: string[] = [];
    silent.on('message', (data: Buffer) => told.push(data.toString()));
    await new Promise((resolve) => silent.once('open', resolve));
    const { gid } = await add(fast.urls());
    await expect.poll(() => stateOf(gid), { timeout: 15_000 }).toBe('complete');
    silent.send('{"jsonrpc":"2.0","id":1,"method":"aria2.tellActive"}');
    await expect.poll(() => told).toHaveLength(1);
    expect(told[0]).toContain('Unauthorized');
    silent.close();
  });

  test('the key of a file for players opens that file alone', async () => {
    const { gid, playPath } = await add(fast.urls());
    const other = await add(fast.urls(), { out: 'other.bin' });
    await expect.poll(() => stateOf(gid), { timeout: 15_000 }).toBe('complete');
    const part = await fetch(`${one.url}${playPath}film.bin`, { headers: { range: 'bytes=100-199' } });
    expect(part.status).toBe(206);
    expect(bytes.subarray(100, 200).equals(Buffer.from(await part.arrayBuffer()))).toBe(true);
    const stolen = await fetch(`${one.url}${playPath.replace(gid, other.gid)}film.bin`);
    expect(stolen.status).toBe(404);
  });

  test('a second daemon in the same folder is told that one runs', async () => {
    await expect(startTestDaemon(lab.folder)).rejects.toMatchObject({ code: 'daemon-running' });
  });
});

describe('the API', () => {
  test('describes all of its routes', async () => {
    const { paths } = (await (await one.ask('/api/openapi.json')).json()) as { paths: Record<string, object> };
    expect(Object.keys(paths)).toContain('/api/downloads/{gid}/sources');
  });

  test.each([
    ['{', 'is not JSON'],
    ['{"sources": 5}', 'makes no sense at sources'],
    ['{"sources": []}', 'no source was given'],
    ['{"sources": ["/etc/passwd"]}', 'is not an address'],
    ['{"sources": ["http://a.example/x"], "options": {"gid": "x"}}', 'is no GID'],
    ['{"metalink": "<x/>"}', 'metalink'],
  ])('answers %s with a sentence', async (body, sentence) => {
    const headers = { authorization: `Bearer ${one.daemon.token}` };
    const response = await one.ask('/api/downloads', { method: 'POST', headers, body });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(sentence);
  });

  test('shows the map in whole parts, however many are asked for', async () => {
    const { gid } = await add(fast.urls());
    await expect.poll(() => stateOf(gid), { timeout: 15_000 }).toBe('complete');
    for (const [asked, cells] of [
      ['2.5', 2],
      ['0', 512],
      ['-1', 1],
    ] as const) {
      const response = await one.ask(`/api/downloads/${gid}/map?cells=${asked}`);
      expect(await response.json()).toHaveLength(cells);
    }
  });

  test.each(['http', 'https', 'mgp', 'mgps'])('takes addresses of %s', async (scheme) => {
    const { gid } = await add([`${scheme}://127.0.0.1:9/file.bin`], { pause: 'true' });
    expect(await stateOf(gid)).toBe('paused');
  });

  test('streams what happens', async () => {
    const response = await one.ask('/api/events');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader?.read())?.value ?? '';
    expect(text).toContain('event: list');
    const { gid } = await add(fast.urls());
    while (!text.includes(`"gid":"${gid}","name":"film.bin","state":"complete"`)) {
      text += (await reader?.read())?.value ?? '';
    }
    await reader?.cancel();
    expect(text).toContain('event: totals');
  });

  test('gives Prometheus its numbers', async () => {
    await add();
    const text = await (await one.ask('/metrics')).text();
    expect(text).toContain('manyget_downloads{state="active"} 1');
    expect(text).toMatch(/^manyget_speed_bytes_per_second \d+$/m);
  });
});
