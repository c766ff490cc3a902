import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { defaultTlsTrust } from '../../../src/sources/tls-trust.js';
import { listFiles } from '../../../src/sources/tcp/mgp-list.js';
import { encodePreamble } from '../../../src/wire/mgp-frame.js';
import { encodeMessage, type MgpErrorCode } from '../../../src/wire/mgp-messages.js';

const identity = { agent: 'test/1', token: undefined, trust: defaultTlsTrust };

async function listOf(talk: (socket: Socket) => void): Promise<unknown> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => socket.destroy()));
    talk(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    return await listFiles({ host: '127.0.0.1', port, name: '', isSecure: false }, identity, 200, 4000);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

function refuses(code: MgpErrorCode): (socket: Socket) => void {
  return (socket) => {
    socket.write(encodePreamble());
    socket.write(encodeMessage.error(0, { code, message: 'not now' }));
  };
}

test.each([
  ['busy', 'server-busy'],
  ['unauthorized', 'unauthorized'],
  ['violation', 'protocol-violation'],
  ['failed', 'server-read-failed'],
] as const)('a list that a server refuses with "%s" fails as a file would, with "%s"', async (sent, code) => {
  const message = expect.stringContaining('answered: not now') as string;
  await expect(listOf(refuses(sent))).rejects.toMatchObject({ code, message });
});

test('a server that says goodbye in place of a list is closed', async () => {
  const closing = (socket: Socket): void => {
    socket.write(encodePreamble());
    socket.end(encodeMessage.goodbye({ reason: 'closing time' }));
  };
  await expect(listOf(closing)).rejects.toMatchObject({
    code: 'server-closed',
    message: expect.stringContaining('said goodbye: closing time') as string,
  });
});

test('a server that is there and says nothing is silent, not out of reach', async () => {
  await expect(listOf(() => undefined)).rejects.toMatchObject({
    code: 'source-silent',
    message: expect.stringContaining('accepted the connection, but did not answer within 0.2 s') as string,
  });
});
