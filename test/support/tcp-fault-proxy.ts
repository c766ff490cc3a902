import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Random } from './random.js';

/** What goes wrong on one connection: after `afterBytes` bytes from the server, `fault` happens. */
interface ConnectionPlan {
  readonly fault: Fault;
  readonly afterBytes: number;
}

/**
 * - `none`: nothing, all goes through.
 * - `reset`: both sides are reset.
 * - `cut`: the stream ends as if the server had finished.
 * - `stall`: nothing comes any more, and nothing closes.
 * - `corrupt`: one bit is flipped, once.
 * - `duplicate`: a stretch comes twice.
 * - `refuse`: the connection is closed as soon as it is there.
 * - `delay`: nothing comes for a second, then all goes on.
 * - `slow`: from then on it comes at 256 KiB/s.
 */
export type Fault = 'none' | 'reset' | 'cut' | 'stall' | 'corrupt' | 'duplicate' | 'refuse' | 'delay' | 'slow';

const allFaults: readonly [Fault, ...Fault[]] = [
  'none',
  'reset',
  'cut',
  'stall',
  'corrupt',
  'duplicate',
  'refuse',
  'delay',
  'slow',
];

const delayMs = 1000;
const slowStepBytes = 16 * 1024;
const slowStepMs = 64;

/** What a greeting and the answer to the first question fit into: a fault before that is a server that never was one. */
const afterBytesMin = 20_000;

/** A plan for the n-th connection, drawn from a seed. */
export function randomPlans(seed: number, bytesMax: number, faults = allFaults): (n: number) => ConnectionPlan {
  const random = new Random(seed);
  return () => ({ fault: random.pick(faults), afterBytes: Math.floor(random.logBetween(afterBytesMin, bytesMax)) });
}

/**
 * Stands between a client and a real server on loopback, and does to each connection what its plan says. What the client
 * says goes through untouched.
 */
export class TcpFaultProxy implements AsyncDisposable {
  /** What happened, by connection. */
  readonly faults: Fault[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #targetPort: number;
  readonly #plan: (n: number) => ConnectionPlan;

  private constructor(targetPort: number, plan: (n: number) => ConnectionPlan) {
    this.#targetPort = targetPort;
    this.#plan = plan;
    this.#server = createServer((client) => this.#join(client));
  }

  /** @param plan Asked once for each connection, counted from 0. */
  static async start(targetPort: number, plan: (n: number) => ConnectionPlan): Promise<TcpFaultProxy> {
    const proxy = new TcpFaultProxy(targetPort, plan);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    const plan = this.#plan(this.faults.length);
    this.faults.push(plan.fault);
    this.#keep(client);
    if (plan.fault === 'refuse') {
      client.destroy();
      return;
    }
    const server = connect({ host: '127.0.0.1', port: this.#targetPort, noDelay: true });
    this.#keep(server);
    client.setNoDelay(true);
    client.on('close', () => server.destroy());
    client.pipe(server);
    let passed = 0;
    let due = plan.fault !== 'none';
    let isSlow = false;
    server.on('data', (chunk: Buffer) => {
      const at = plan.afterBytes - passed;
      passed += chunk.length;
      if (!due || at >= chunk.length) {
        if (isSlow) trickle(server, client, chunk);
        else pass(server, client, chunk);
        return;
      }
      due = false;
      isSlow = plan.fault === 'slow';
      strike(plan.fault, server, client, chunk, Math.max(0, at));
    });
    server.on('end', () => client.end());
    server.on('close', () => {
      // What is held back still comes; a stalled connection never ends by itself.
      if (due || (plan.fault !== 'stall' && plan.fault !== 'slow' && plan.fault !== 'delay')) client.end();
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    // What happens to a connection is the point of all this; each side hears of it by its close.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

/** False where the client has to read first. */
function pass(server: Socket, client: Socket, chunk: Buffer): boolean {
  if (client.write(chunk)) return true;
  server.pause();
  client.once('drain', () => server.resume());
  return false;
}

/** Hands on a chunk bit by bit, and reads the next one after that. */
function trickle(server: Socket, client: Socket, chunk: Buffer): void {
  server.pause();
  client.write(chunk.subarray(0, slowStepBytes));
  const rest = chunk.subarray(slowStepBytes);
  later(client, slowStepMs, () => (rest.length > 0 ? trickle(server, client, rest) : server.resume()));
}

/** Runs it after so long, unless the client is gone by then. */
function later(client: Socket, ms: number, run: () => void): void {
  const timer = setTimeout(() => {
    client.off('close', stop);
    run();
  }, ms);
  const stop = (): void => clearTimeout(timer);
  client.once('close', stop);
}

/** The fault happens at byte `at` of the chunk. */
function strike(fault: Fault, server: Socket, client: Socket, chunk: Buffer, at: number): void {
  switch (fault) {
    case 'none':
    case 'refuse':
      return;
    case 'reset':
      client.write(chunk.subarray(0, at));
      client.resetAndDestroy();
      server.resetAndDestroy();
      return;
    case 'cut':
      client.end(chunk.subarray(0, at));
      server.destroy();
      return;
    case 'stall':
      client.write(chunk.subarray(0, at));
      server.pause();
      return;
    case 'corrupt': {
      const changed = Buffer.from(chunk);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      pass(server, client, changed);
      return;
    }
    case 'duplicate':
      client.write(chunk.subarray(0, at));
      pass(server, client, chunk);
      return;
    case 'delay':
      client.write(chunk.subarray(0, at));
      server.pause();
      later(client, delayMs, () => pass(server, client, chunk.subarray(at)) && server.resume());
      return;
    case 'slow':
      trickle(server, client, chunk);
      return;
  }
}
