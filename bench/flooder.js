// @ts-check
// The flood of `bench/flood.js`, a process of its own: `node flooder.js KIND PORT`. Comes from many addresses of this machine, and
// prints now and then what it has.
import { connect } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/**
 * How many connections at once, from how many addresses, and what each does once it is there.
 * @type {Record<string, { connections: number, addresses: number, begin: (socket: import('node:net').Socket) => void }>}
 */
export const floodKinds = {
  // Connects, and never says a word.
  idle: { connections: 10_000, addresses: 20, begin: () => undefined },
  // Sends a head, a line each second.
  loris: {
    connections: 2000,
    addresses: 4,
    begin: (socket) => {
      socket.write('GET /data.bin HTTP/1.1\r\nHost: a\r\n');
      const timer = setInterval(() => socket.write('X-A: b\r\n'), 1000);
      socket.on('close', () => clearInterval(timer));
    },
  },
  // Closes its half at once, and waits.
  half: { connections: 2000, addresses: 4, begin: (socket) => void socket.end() },
  // Asks for a byte without end, faster than it is answered, and reads the answers.
  pipeline: {
    connections: 64,
    addresses: 4,
    begin: (socket) => {
      const text = 'GET /data.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=0-0\r\n\r\n'.repeat(200);
      const go = () => {
        while (socket.write(text));
      };
      socket.on('drain', go);
      go();
    },
  },
  // The same, and reads nothing.
  deaf: {
    connections: 400,
    addresses: 4,
    begin: (socket) => {
      socket.pause();
      socket.write('GET /data.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9999\r\n\r\n'.repeat(2000));
    },
  },
  // Asks for 64 ranges of a byte each, and for thousands, again and again.
  ranges: {
    connections: 64,
    addresses: 4,
    begin: (socket) => {
      const list = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => `${i * 900}-${i * 900}`).join(',');
      const one = `GET /data.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=${list(64)}\r\n\r\n`;
      const many = `HEAD /data.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=${list(1000)}\r\n\r\n`;
      const go = () => {
        while (socket.write((one + many).repeat(10)));
      };
      socket.on('drain', go);
      go();
    },
  },
  // Connects and closes, as fast as it can.
  churn: { connections: 64, addresses: 4, begin: (socket) => void socket.destroy() },
};

/** @param {string} kind @param {number} port */
function flood(kind, port) {
  const { connections, addresses, begin } = floodKinds[kind] ?? {
    connections: 0,
    addresses: 1,
    begin: () => undefined,
  };
  const counts = { opened: 0, open: 0, ended: 0 };
  const open = (/** @type {number} */ n) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      localAddress: `127.0.1.${1 + (n % addresses)}`,
      allowHalfOpen: true,
    });
    let isOpen = false;
    socket.on('connect', () => {
      isOpen = true;
      counts.opened += 1;
      counts.open += 1;
      begin(socket);
    });
    socket.on('data', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (isOpen) counts.open -= 1;
      counts.ended += 1;
      // Who is thrown out comes back, a little later where it never was in.
      setTimeout(() => open(n), isOpen && kind === 'churn' ? 0 : 100);
    });
  };
  for (let n = 0; n < connections; n += 1) open(n);
  setInterval(() => {
    process.stdout.write(`${counts.open} connections open, ${counts.opened} opened in all\n`);
  }, 250);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) flood(process.argv[2] ?? '', Number(process.argv[3]));
