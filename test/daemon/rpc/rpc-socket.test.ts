import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import { JsonRpc, type RpcMethod } from '../../../src/daemon/rpc/json-rpc.js';
import { RpcSocket } from '../../../src/daemon/rpc/rpc-socket.js';
import type { QueueEvent, QueueListener } from '../../../src/daemon/queue/download-queue.js';
import type { QueueEntry } from '../../../src/daemon/queue/queue-entry.js';

const mebibyte = 'x'.repeat(1024 * 1024);

let server: Server;
let socket: RpcSocket;
let listener: QueueListener;
/** Calls that have been carried out. */
let made: number;
let finish: () => void;

beforeEach(async () => {
  made = 0;
  const slow = new Promise<void>((resolve) => (finish = resolve));
  const rpc = new JsonRpc(
    new Map<string, RpcMethod>([
      ['large', () => ((made += 1), mebibyte)],
      ['small', () => 'here'],
      ['slow', () => slow],
    ]),
    (token) => token === 'right',
  );
  socket = new RpcSocket(rpc, { listen: (told) => ((listener = told), () => undefined) });
  server = createServer().on('upgrade', (request, stream, head) => socket.accept(request, stream, head));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  socket[Symbol.dispose]();
  server.close();
  await once(server, 'close');
});

async function open(): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await once(client, 'open');
  return client;
}

function call(method: string): string {
  return JSON.stringify({ id: method, method, params: ['token:right'] });
}

async function answered(client: WebSocket): Promise<{ id: string; method?: string }> {
  const [data] = (await once(client, 'message')) as [Buffer];
  return JSON.parse(data.toString()) as { id: string };
}

test('who does not read his answers has his calls wait, and gets all of them once he reads', async () => {
  const count = 200;
  const deaf = await open();
  deaf.pause();
  for (let i = 0; i < count; i += 1) deaf.send(call('large'));
  // By the time that so many calls of another one have been answered, all that may be done for this one is done.
  const other = await open();
  for (let i = 0; i < 2 * count; i += 1) {
    other.send(call('small'));
    await answered(other);
  }
  expect(made).toBeGreaterThan(0);
  expect(made).toBeLessThan(count / 2);
  let got = 0;
  deaf.on('message', () => (got += 1));
  deaf.resume();
  await expect.poll(() => got).toBe(count);
});

test('a call that takes its time does not hold up the next one', async () => {
  const client = await open();
  client.send(call('slow'));
  client.send(call('small'));
  expect((await answered(client)).id).toBe('small');
  finish();
  expect((await answered(client)).id).toBe('slow');
});

test('who waits for many calls gets the others once these are answered', async () => {
  const client = await open();
  for (let i = 0; i < 20; i += 1) client.send(call('slow'));
  client.send(call('small'));
  const told: string[] = [];
  client.on('message', (data: Buffer) => told.push((JSON.parse(data.toString()) as { id: string }).id));
  finish();
  await expect.poll(() => told).toHaveLength(21);
  expect(told.filter((id) => id === 'small')).toHaveLength(1);
});

test('only who has shown the token is told what happens', async () => {
  const tell = (event: QueueEvent): void => listener(event, { gid: 'a'.repeat(16) } as QueueEntry);
  const [stranger, friend] = [await open(), await open()];
  const heard: unknown[] = [];
  stranger.on('message', (data: Buffer) => heard.push(data));
  friend.send(call('small'));
  await answered(friend);
  tell('complete');
  expect(await answered(friend)).toMatchObject({ method: 'aria2.onDownloadComplete' });
  stranger.send(JSON.stringify({ id: 1, method: 'small' }));
  await expect.poll(() => heard).toHaveLength(1);
});
