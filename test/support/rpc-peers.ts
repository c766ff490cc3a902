import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { aria2, open, system } from 'maria2';
import { createHTTP, createWebSocket } from 'maria2/transport';
import { freePort } from './free-port.js';

/** What speaks aria2's RPC, ours or aria2c, and the client libraries of others that speak to it. */
export interface RpcServer extends AsyncDisposable {
  readonly port: number;
  readonly secret: string;
}

/** One connection of a client library. */
export interface RpcClient extends AsyncDisposable {
  /** The result, or the error's message where it failed. */
  call(method: string, ...params: unknown[]): Promise<unknown>;
  /** Names of the notifications that came, in order, with their GIDs. */
  readonly notifications: readonly (readonly [name: string, gid: string])[];
}

const aria2Secret = 'the secret of tests';

/** aria2's own daemon. */
export async function startAria2(command: string, folder: string): Promise<RpcServer> {
  const port = await freePort();
  const args = ['--no-conf', '--enable-rpc', `--rpc-listen-port=${port}`, `--rpc-secret=${aria2Secret}`, '-d', folder];
  const child = spawn(command, [...args, '--quiet=true', '--enable-dht=false', `--save-session=${folder}/session`], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error('aria2c ended at once');
    await delay(20);
  }
  return { port, secret: aria2Secret, [Symbol.asyncDispose]: () => end(child, ended) };
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await ended;
}

async function answers(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/jsonrpc`).catch(() => undefined);
  return response !== undefined;
}

interface Aria2Library {
  new (options: { host: string; port: number; secret: string; path: string; secure: boolean }): {
    open(): Promise<void>;
    close(): Promise<void>;
    call(method: string, ...params: unknown[]): Promise<unknown>;
    multicall(calls: readonly (readonly unknown[])[]): Promise<unknown>;
    on(event: string, listener: (params: readonly { gid: string }[]) => void): void;
  };
}

const notificationNames = [
  'onDownloadStart',
  'onDownloadPause',
  'onDownloadStop',
  'onDownloadComplete',
  'onDownloadError',
];

/** The library aria2@4 over its WebSocket. */
export async function openAria2Library({ port, secret }: RpcServer): Promise<RpcClient> {
  const Aria2 = createRequire(import.meta.url)('aria2') as Aria2Library;
  const client = new Aria2({ host: '127.0.0.1', port, secret, path: '/jsonrpc', secure: false });
  const notifications: [string, string][] = [];
  for (const name of notificationNames) client.on(name, ([first]) => notifications.push([name, first?.gid ?? '']));
  await client.open();
  await client.call('getVersion');
  return {
    notifications,
    call: (method, ...params) => {
      const answer =
        method === 'system.multicall' ? client.multicall(params as unknown[][]) : client.call(method, ...params);
      return answer.catch((error: unknown) => `error: ${(error as Error).message}`);
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

type Functions = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;

/** The library maria2 over HTTP or WebSocket. */
export async function openMaria2({ port, secret }: RpcServer, over: 'http' | 'ws'): Promise<RpcClient> {
  const at = `127.0.0.1:${port}` as const;
  const socket = over === 'http' ? createHTTP(`http://${at}/jsonrpc`) : createWebSocket(`ws://${at}/jsonrpc`);
  const conn = await open(socket, { secret });
  const notifications: [string, string][] = [];
  if (over === 'ws') {
    await aria2.getVersion(conn);
    for (const name of notificationNames) {
      conn.onNotification(`aria2.${name}`, (first) => notifications.push([name, (first as { gid: string }).gid]));
    }
  }
  return {
    notifications,
    call: async (method, ...params) => {
      const functions = (method.startsWith('system.') ? system : aria2) as unknown as Functions;
      // Its calls of many are objects.
      const given =
        method === 'system.multicall'
          ? (params as unknown[][]).map(([methodName, ...rest]) => ({ methodName, params: rest }))
          : params;
      try {
        return await functions[method.replace(/^.*\./, '')]?.(conn, ...given);
      } catch (error) {
        return `error: ${(error as Error).message}`;
      }
    },
    [Symbol.asyncDispose]: async () => {
      conn.getSocket().close();
      await Promise.resolve();
    },
  };
}
