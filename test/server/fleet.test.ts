import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FleetEvent } from '../../src/base/fleet-handle.js';
import { Fleet } from '../../src/server/fleet.js';
import { planFleet } from '../../src/server/fleet-plan.js';
import { startServerWorker } from '../../src/server/server-slot.js';
import { frameType } from '../../src/wire/mgp-frame.js';
import { readMessage } from '../../src/wire/mgp-messages.js';
import { RawMgpClient } from '../support/raw-mgp-client.js';
import { TempFolder, TestFleet } from '../support/test-fleet.js';

const MiB = 1024 * 1024;
const largeBytes = 64 * MiB;
let temp: TempFolder;
let path: string;

beforeEach(async () => {
  temp = await TempFolder.create();
  path = await temp.sparse('a.bin', largeBytes);
});
afterEach(async () => {
  await temp[Symbol.asyncDispose]();
});

/** A client in the middle of a large range, that does not read on. */
async function downloading(port: number): Promise<RawMgpClient> {
  const client = await RawMgpClient.connect(port);
  const { version } = await client.stat('a.bin');
  const id = client.range('a.bin', version, 0, largeBytes);
  await client.answer(id);
  client.socket.pause();
  return client;
}

describe('closing a server', () => {
  it('tells its clients behind the frame that is on its way, and leaves the other servers alone', async () => {
    await using served = await TestFleet.start([path], { servers: 2 });
    await using client = await downloading(served.port(1));
    await using other = await RawMgpClient.connect(served.port(2));
    const closing = served.fleet.close(1);
    client.socket.resume();
    const goodbye = await client.take((frame) => frame.type !== frameType.data);
    expect(goodbye.type).toBe(frameType.goodbye);
    expect(readMessage.goodbye(goodbye.payload, 'server').reason).toMatch(/closed/);
    expect(await client.ended()).toBe('fin');
    await closing;
    expect(served.server(1)).toMatchObject({ state: 'closed', clients: 0 });
    expect(served.server(2)).toMatchObject({ state: 'alive', clients: 1 });
    expect((await other.stat('a.bin')).size).toBe(largeBytes);
  });

  it('frees its port, also while a client takes nothing', async () => {
    await using served = await TestFleet.start([path], { limits: { graceMs: 50 } });
    await using stuck = await downloading(served.port());
    await served.fleet.close(1);
    const port = served.port();
    const probe = createServer();
    await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(port, '127.0.0.1', resolve));
    await new Promise((resolve) => probe.close(resolve));
    expect(stuck.ending).toBe('open');
  });

  it('and opening it again gives the same port, counts on, and knows the hashes', async () => {
    await using served = await TestFleet.start([path], { servers: 2 });
    const port = served.port(1);
    await using before = await RawMgpClient.connect(port);
    const stat = await before.hashed('a.bin');
    await before.fetch('a.bin', stat.version, 0, MiB);
    await served.fleet.close(1);
    await served.fleet.close(1);
    await served.fleet.open(1);
    await served.fleet.open(1);
    expect(served.server(1)).toMatchObject({ state: 'alive', port, sentBytes: MiB, clients: 0 });
    await using after = await RawMgpClient.connect(port);
    expect(await after.stat('a.bin')).toEqual(stat);
  });

  it('fails to be undone while somebody else has the port, and works once it is free', async () => {
    await using served = await TestFleet.start([path], { servers: 2 });
    await served.fleet.close(2);
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(served.port(2), '127.0.0.1', resolve));
    await expect(served.fleet.open(2)).rejects.toMatchObject({ code: 'port-in-use' });
    expect(served.server(2)).toMatchObject({ state: 'closed' });
    expect(served.server(2).note).toContain(String(served.port(2)));
    await new Promise((resolve) => squatter.close(resolve));
    await served.fleet.open(2);
    expect(served.server(2)).toMatchObject({ state: 'alive', note: '' });
  });
});

describe('killing a server', () => {
  it('resets its clients without a word', async () => {
    await using served = await TestFleet.start([path], { servers: 2 });
    await using busy = await downloading(served.port(1));
    await using idle = await RawMgpClient.connect(served.port(1));
    await served.fleet.kill(1);
    expect(served.server(1)).toMatchObject({ state: 'closed', clients: 0 });
    expect(await idle.ended()).toBe('reset');
    busy.socket.resume();
    await busy.ended();
    await expect(busy.take((frame) => frame.type === frameType.goodbye)).rejects.toThrow(/ended/);
    await served.fleet.open(1);
    await using again = await RawMgpClient.connect(served.port(1));
    expect((await again.stat('a.bin')).size).toBe(largeBytes);
  });
});

describe('a server that dies by itself', () => {
  it('is shown as failed, hurts no other, and can be opened again', async () => {
    const workers: Worker[] = [];
    await using served = await TestFleet.start([path], {
      servers: 2,
      startWorker: (data) => {
        const worker = startServerWorker(data);
        workers.push(worker);
        return worker;
      },
    });
    await using client = await RawMgpClient.connect(served.port(1));
    workers[0]?.emit('error', new Error('out of luck'));
    await workers[0]?.terminate();
    await client.ended();
    const event = await served.event((e) => e.type === 'server' && e.reason.startsWith('failed'));
    expect(event).toMatchObject({ number: 1, reason: expect.stringContaining('out of luck') as string });
    expect(served.server(1)).toMatchObject({ state: 'failed', clients: 0 });
    expect(served.server(2).state).toBe('alive');
    await served.fleet.open(1);
    await using again = await RawMgpClient.connect(served.port(1));
    expect((await again.stat('a.bin')).size).toBe(largeBytes);
  });
});

describe('a fleet', () => {
  it('offers the same files on every server', async () => {
    await writeFile(temp.join('b.bin'), randomBytes(100));
    await using served = await TestFleet.start([path, temp.join('b.bin')], { servers: 3 });
    const ids = new Set<string | null>();
    for (const number of [1, 2, 3]) {
      await using client = await RawMgpClient.connect(served.port(number));
      ids.add((await client.hashed('b.bin')).contentId);
      expect((await client.stat('a.bin')).size).toBe(largeBytes);
    }
    expect(ids.size).toBe(1);
  });

  it('knows what its folders held when it started, and hashes of that nothing before it is asked for', async () => {
    const folder = temp.join('films');
    await mkdir(join(folder, 'old'), { recursive: true });
    await writeFile(join(folder, 'old', 'a.mkv'), 'abc');
    await writeFile(join(folder, 'z.mkv'), 'abcdef');
    await using served = await TestFleet.start([folder]);
    const { folders, files } = served.fleet.snapshot();
    expect(folders).toEqual([
      { name: 'films', fileCount: 2, sizeBytes: 9, hasMore: false, firstFile: 'films/old/a.mkv' },
    ]);
    expect(files).toEqual([]);
  });

  it('says goodbye to all when it stops, ends its events, and takes no more orders', async () => {
    const served = await TestFleet.start([path], { servers: 2 });
    const events = served.fleet.events();
    const clients = await Promise.all([1, 2].map((n) => RawMgpClient.connect(served.port(n))));
    await Promise.all([served.fleet.stop(), served.fleet.stop()]);
    for (const client of clients) expect((await client.take()).type).toBe(frameType.goodbye);
    await served.fleet.done;
    let last;
    for await (const event of events) last = event;
    expect(last).toMatchObject({ type: 'server', reason: 'closed' });
    expect(served.fleet.snapshot().servers.map((s) => s.state)).toEqual(['closed', 'closed']);
    await expect(served.fleet.open(1)).rejects.toMatchObject({ code: 'usage' });
  });

  it('knows only the servers that it has', async () => {
    await using served = await TestFleet.start([path]);
    for (const number of [0, 2, -1, 1.5, NaN]) {
      await expect(served.fleet.close(number)).rejects.toMatchObject({ code: 'usage' });
    }
  });

  it('takes orders for one server in turn', async () => {
    await using served = await TestFleet.start([path]);
    const { fleet } = served;
    await Promise.all([fleet.close(1), fleet.open(1), fleet.kill(1), fleet.open(1), fleet.close(1), fleet.open(1)]);
    expect(served.server().state).toBe('alive');
    await using client = await RawMgpClient.connect(served.port());
    expect((await client.stat('a.bin')).size).toBe(largeBytes);
  });

  it('does not start if one port is taken, names it, and leaves nothing behind', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as AddressInfo;
    const { planFleet } = await import('../../src/server/fleet-plan.js');
    const { Fleet } = await import('../../src/server/fleet.js');
    const fleet = new Fleet(await planFleet({ paths: [path], ports: [0, port, 0] }), { agent: 'test/1' });
    const started = fleet.start();
    await expect(started).rejects.toMatchObject({ code: 'port-in-use' });
    await expect(started).rejects.toThrow(new RegExp(`server 2.*${port}`));
    await fleet.done;
    expect(fleet.snapshot().servers.map((s) => s.state)).toEqual(['closed', 'closed', 'closed']);
    await new Promise((resolve) => squatter.close(resolve));
  });
});

it.each(['file', 'folder'] as const)(
  'runs where a %s that is served cannot be looked at, and says so',
  async (kind) => {
    const plan = await planFleet({ paths: [path], ports: [0] });
    const roots = [...plan.roots, { name: 'b.bin', path: 'a path that\0is none', kind }];
    const fleet = new Fleet({ ...plan, roots }, { agent: 'test/1', cacheFolder: temp.join('cache') });
    const events = fleet.events();
    try {
      await fleet.start();
      expect(fleet.snapshot().servers).toMatchObject([{ state: 'alive' }]);
      const files: FleetEvent[] = [];
      for await (const event of events) {
        if (event.type === 'file') files.push(event);
        if (files.length === 2) break;
      }
      expect(files.find((event) => event.type === 'file' && event.name === 'b.bin')?.reason).toMatch(/null bytes/);
    } finally {
      await fleet.stop();
    }
  },
);
