import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An answer as it came: nothing decoded, nothing followed. */
export interface RawAnswer {
  readonly status: number;
  /** Header lines in order, names as sent. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** All lines of that name, joined by a line feed; undefined where there is none. */
  header(name: string): string | undefined;
}

/** An HTTP client without any manners: sends what a test wants, byte by byte if need be, and reads one answer after the other. */
export class RawHttpClient implements AsyncDisposable {
  readonly socket: Socket;
  /** How the server's side has ended. */
  ending: 'open' | 'fin' | 'reset' = 'open';
  #chunks: Buffer[] = [];
  #bytes = 0;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      this.#wake();
    });
    socket.on('error', () => (this.ending = 'reset'));
    socket.on('end', () => {
      this.ending = 'fin';
      this.#wake();
    });
    socket.on('close', () => {
      // Not before: a reset is told between the socket's destruction and this.
      if (this.ending === 'open') this.ending = 'fin';
      this.#wake();
    });
  }

  /** @param from The address that it comes from, where that is not the system's choice. */
  static async connect(port: number, host = '127.0.0.1', from?: string): Promise<RawHttpClient> {
    const localAddress = from === undefined ? {} : { localAddress: from };
    const socket = connect({ port, host, noDelay: true, allowHalfOpen: true, ...localAddress });
    const client = new RawHttpClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Bytes that came and were not read as an answer yet. */
  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Sends a GET, or another method, with these header lines. */
  ask(path: string, lines: Readonly<Record<string, string>> = {}, method = 'GET'): void {
    const headers = Object.entries({ Host: `127.0.0.1:${this.socket.remotePort ?? 0}`, ...lines });
    this.send(`${method} ${path} HTTP/1.1\r\n${headers.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`);
  }

  /** Asks, and reads the answer. */
  async get(path: string, lines: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<RawAnswer> {
    this.ask(path, lines, method);
    return this.answer(method === 'HEAD');
  }

  /** The next answer; rejects where the connection ends before it is whole. */
  async answer(toHead = false): Promise<RawAnswer> {
    const head = await this.head();
    const { status } = head;
    const bytes = toHead || status === 304 ? 0 : Number(head.header('Content-Length') ?? NaN);
    if (Number.isNaN(bytes)) throw new Error(`an answer ${status} without Content-Length`);
    return { ...head, body: await this.take(bytes) };
  }

  /** The head of the next answer; its body is still to be taken. */
  async head(): Promise<RawAnswer> {
    await this.#until(() => this.received.includes('\r\n\r\n'));
    const text = (await this.take(this.received.indexOf('\r\n\r\n') + 4)).toString('latin1');
    const [first = '', ...rest] = text.slice(0, -4).split('\r\n');
    const lines = rest.map((line) => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), line.slice(colon + 2)] as const;
    });
    const header = (name: string): string | undefined => {
      const values = lines.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
      return values.length === 0 ? undefined : values.join('\n');
    };
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1];
    if (status === undefined) throw new Error(`expected a status line, received "${first}"`);
    return { status: Number(status), lines, header, body: Buffer.alloc(0) };
  }

  async take(bytes: number): Promise<Buffer> {
    await this.#until(() => this.#bytes >= bytes);
    const all = this.received;
    this.#chunks = [all.subarray(bytes)];
    this.#bytes -= bytes;
    return all.subarray(0, bytes);
  }

  /** Resolves when the server has ended the connection, with how. */
  async ended(): Promise<'fin' | 'reset'> {
    while (this.ending === 'open') await this.#news();
    return this.ending;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    return Promise.resolve();
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done()) {
      if (this.ending !== 'open') throw new Error(`the connection ended: ${this.ending}`);
      await this.#news();
    }
  }

  #news(): Promise<void> {
    return new Promise<void>((resolve) => (this.#wake = resolve));
  }
}
