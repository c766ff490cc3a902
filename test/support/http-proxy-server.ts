import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { endWithTests } from './end-with-tests.js';

const stopping: (() => Promise<void>)[] = [];

endWithTests(async () => {
  await Promise.all(stopping.splice(0).map((stop) => stop()));
});

/** A proxy for tests: what it was asked for, and where it listens. */
interface TestProxy {
  readonly url: string;
  /** "GET http://…", "CONNECT host:port" or "SOCKS5 host:port", in order. */
  readonly asked: string[];
  /** Values of Proxy-Authorization, or "user:password" of SOCKS5. */
  readonly logins: (string | undefined)[];
}

async function listening(server: Server | TcpServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stopping.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return (server.address() as AddressInfo).port;
}

function join(a: Socket, b: Socket): void {
  a.pipe(b).on('error', () => a.destroy());
  b.pipe(a).on('error', () => b.destroy());
}

/** An HTTP proxy: absolute-form requests and CONNECT. */
export async function startHttpProxy(): Promise<TestProxy> {
  const asked: string[] = [];
  const logins: (string | undefined)[] = [];
  const server = createServer((incoming: IncomingMessage, response: ServerResponse) => {
    asked.push(`GET ${incoming.url ?? ''}`);
    logins.push(incoming.headers['proxy-authorization']);
    const { 'proxy-authorization': _secret, ...headers } = incoming.headers;
    const onward = request(incoming.url ?? '', { headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    onward.end();
  });
  server.on('connect', (incoming: IncomingMessage, client: Socket) => {
    asked.push(`CONNECT ${incoming.url ?? ''}`);
    logins.push(incoming.headers['proxy-authorization']);
    const [host = '', port = ''] = (incoming.url ?? '').split(':');
    const onward = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      join(client, onward);
    });
    onward.on('error', () => client.destroy());
  });
  return { url: `http://127.0.0.1:${await listening(server)}`, asked, logins };
}

/** A SOCKS5 proxy that wants a login where it is told one. */
export async function startSocksProxy(login?: string): Promise<TestProxy & { readonly connections: number }> {
  const asked: string[] = [];
  const logins: (string | undefined)[] = [];
  let connections = 0;
  const server = createTcpServer((client) => {
    connections += 1;
    // Who hangs up in the middle has seen enough.
    serveSocks(client, { asked, logins, login }).catch(() => client.destroy());
  });
  const url = `socks5h://127.0.0.1:${await listening(server)}`;
  return {
    url,
    asked,
    logins,
    get connections() {
      return connections;
    },
  };
}

/** A proxy that takes connections and never says a word. Returns its port. */
export function startMuteProxy(): Promise<number> {
  return listening(createTcpServer(() => undefined));
}

interface SocksState {
  readonly asked: string[];
  readonly logins: (string | undefined)[];
  readonly login: string | undefined;
}

async function serveSocks(client: Socket, state: SocksState): Promise<void> {
  const take = byteTaker(client);
  const [, methods = 0] = await take(2);
  await take(methods);
  client.write(Uint8Array.of(5, state.login === undefined ? 0 : 2));
  if (state.login !== undefined) {
    const [, userBytes = 0] = await take(2);
    const user = (await take(userBytes)).toString();
    const [passwordBytes = 0] = await take(1);
    const given = `${user}:${(await take(passwordBytes)).toString()}`;
    state.logins.push(given);
    client.write(Uint8Array.of(1, given === state.login ? 0 : 1));
    if (given !== state.login) return;
  }
  const [, , , kind] = await take(4);
  const host = kind === 1 ? [...(await take(4))].join('.') : (await take((await take(1))[0] ?? 0)).toString();
  const port = (await take(2)).readUInt16BE(0);
  state.asked.push(`SOCKS5 ${host}:${port}`);
  const onward = connect(port, host, () => {
    client.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
    join(client, onward);
  });
  onward.on('error', () => client.destroy());
}

/** Reads exactly so many bytes at a time. */
function byteTaker(socket: Socket): (bytes: number) => Promise<Buffer> {
  return async (bytes) => {
    for (;;) {
      const chunk: unknown = bytes === 0 ? Buffer.alloc(0) : socket.read(bytes);
      if (chunk instanceof Buffer) return chunk;
      await new Promise<void>((resolve, reject) => {
        socket.once('readable', resolve);
        socket.once('close', () => reject(new Error('the client hung up')));
      });
    }
  };
}
