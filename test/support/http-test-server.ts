import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { endWithTests } from './end-with-tests.js';

/** What a client asked for. */
export interface HttpAsk {
  readonly path: string;
  /** [start, end); undefined: no Range header. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
  readonly headers: IncomingHttpHeaders;
  /** From 0, over all connections. */
  readonly number: number;
}

/** An answer, as data: what a quirk changes. */
export interface HttpReply {
  readonly status: number;
  /** Undefined ones are left out. Content-Length is the body's, where it is not given and the framing is `length`. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  readonly framing: 'length' | 'chunked' | 'until-close';
  /** The connection is cut after so many bytes of the body. */
  readonly cutAfter?: number;
  /** The connection ends after this answer, properly said. */
  readonly close?: boolean;
}

/** Makes the right answer into what some server would send. */
export type Quirk = (ask: HttpAsk, right: HttpReply, file: Uint8Array) => HttpReply;

export interface HttpTestServerOptions {
  readonly file: Uint8Array;
  /** Default: none, answers as nginx does. */
  readonly quirk?: Quirk;
  /** Entity tag, quotes included. Default `"v1"`; empty: none. */
  readonly etag?: string;
  readonly lastModified?: string;
  /** True: with the certificate of `testCertificate`. */
  readonly tls?: boolean | { readonly cert: string; readonly key: string };
  readonly host?: string;
  /** Path and name of the file. Default "/f.bin". */
  readonly path?: string;
  /** Nothing is answered before, or no request before what is returned for it. */
  readonly held?: Promise<void> | ((request: IncomingMessage) => Promise<void> | undefined) | undefined;
}

const running: HttpTestServer[] = [];

endWithTests(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

/** An HTTP server of one file that does all right, but for its quirk. Stopped after the test that started it. */
export class HttpTestServer {
  readonly asks: HttpAsk[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #options: HttpTestServerOptions;
  quirk: Quirk | undefined;
  etag: string;
  lastModified: string | undefined;
  file: Uint8Array;
  connections = 0;
  #port = 0;

  private constructor(options: HttpTestServerOptions) {
    this.#options = options;
    this.quirk = options.quirk;
    this.etag = options.etag ?? '"v1"';
    this.file = options.file;
    this.lastModified = options.lastModified;
    const { held } = options;
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      const wait = typeof held === 'function' ? held(request) : held;
      if (wait === undefined) this.#answer(request, response);
      else void wait.then(() => this.#answer(request, response));
    };
    const tls = options.tls === true ? testCertificate() : options.tls;
    this.#server = tls === undefined || tls === false ? createServer(answer) : createTlsServer(tls, answer);
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(options: HttpTestServerOptions): Promise<HttpTestServer> {
    const server = new HttpTestServer(options);
    running.push(server);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject).listen(0, options.host ?? '127.0.0.1', resolve);
    });
    server.#port = (server.#server.address() as AddressInfo).port;
    return server;
  }

  /** Kept after the server was stopped. */
  get port(): number {
    return this.#port;
  }

  /** "http://127.0.0.1:PORT". */
  get origin(): string {
    const host = this.#options.host ?? '127.0.0.1';
    const scheme = (this.#options.tls ?? false) === false ? 'http' : 'https';
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  /** The file's address. */
  get url(): string {
    return `${this.origin}${this.#options.path ?? '/f.bin'}`;
  }

  /** Cuts all connections that are there now. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cutAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const ask: HttpAsk = {
      path: request.url ?? '',
      range: readRange(request.headers.range, this.file.length),
      headers: request.headers,
      number: this.asks.length,
    };
    this.asks.push(ask);
    const right = this.#rightAnswer(ask);
    send(response, this.quirk === undefined ? right : this.quirk(ask, right, this.file));
  }

  #rightAnswer(ask: HttpAsk): HttpReply {
    const { file } = this;
    const common = {
      'Content-Type': 'application/octet-stream',
      ETag: this.etag === '' ? undefined : this.etag,
      'Last-Modified': this.lastModified,
      'Accept-Ranges': 'bytes',
    };
    const ifRange = ask.headers['if-range'];
    const fits = ifRange === undefined || ifRange === this.etag || ifRange === this.lastModified;
    const parts = fits ? manyRanges(ask.headers.range) : undefined;
    if (parts !== undefined) return multipartAnswer(common, parts, file);
    if (ask.range === undefined || !fits) return { status: 200, headers: common, body: file, framing: 'length' };
    const { start, end } = ask.range;
    if (start >= file.length) {
      const headers = { ...common, 'Content-Range': `bytes */${file.length}` };
      return { status: 416, headers, body: new Uint8Array(0), framing: 'length' };
    }
    const headers = { ...common, 'Content-Range': `bytes ${start}-${end - 1}/${file.length}` };
    return { status: 206, headers, body: file.subarray(start, end), framing: 'length' };
  }
}

function manyRanges(header: string | undefined): { start: number; end: number }[] | undefined {
  if (header === undefined || !/^bytes=\d+-\d+(?:,\d+-\d+)+$/.test(header)) return undefined;
  return header
    .slice(6)
    .split(',')
    .map((spec) => spec.split('-').map(Number))
    .map(([first = 0, last = 0]) => ({ start: first, end: last + 1 }));
}

/** As nginx does. */
function multipartAnswer(
  common: HttpReply['headers'],
  parts: readonly { start: number; end: number }[],
  file: Uint8Array,
): HttpReply {
  const boundary = '00000000000000000007';
  const chunks = parts.flatMap(({ start, end }) => [
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${start}-${end - 1}/${file.length}\r\n\r\n`,
    ),
    file.subarray(start, end),
  ]);
  const body = Buffer.concat([...chunks, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  const headers = { ...common, 'Content-Type': `multipart/byteranges; boundary=${boundary}` };
  return { status: 206, headers, body, framing: 'length' };
}

function readRange(header: string | undefined, sizeBytes: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '');
  if (match === null) return undefined;
  return { start: Number(match[1]), end: match[2] === '' ? sizeBytes : Math.min(sizeBytes, Number(match[2]) + 1) };
}

function send(response: ServerResponse, reply: HttpReply): void {
  const { status, headers, body, framing, cutAfter } = reply;
  response.useChunkedEncodingByDefault = framing === 'chunked';
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
  if (framing === 'length' && headers['Content-Length'] === undefined)
    response.setHeader('Content-Length', body.length);
  if (framing === 'until-close') response.removeHeader('Content-Length');
  if (framing === 'until-close' || reply.close === true) response.setHeader('Connection', 'close');
  response.writeHead(status);
  if (cutAfter === undefined) {
    response.end(body);
    return;
  }
  // Cut once these bytes are with the kernel: the client sees all of them.
  response.write(body.subarray(0, cutAfter), () => response.socket?.destroySoon());
}

interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  readonly certPath: string;
}

/**
 * A certificate for 127.0.0.1, ::1 and localhost that nobody should trust.
 *
 * @param name `expired` was for the same; `localhost` is for that name alone, and for no address.
 */
export function testCertificate(name: 'certificate' | 'expired' | 'localhost' = 'certificate'): TestCertificate {
  const certPath = new URL(`../fixtures/test-only-${name}.pem`, import.meta.url).pathname;
  const keyPath = new URL('../fixtures/test-only-key.pem', import.meta.url).pathname;
  return { cert: readFileSync(certPath, 'utf8'), key: readFileSync(keyPath, 'utf8'), certPath };
}
