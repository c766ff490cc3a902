import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createSecureServer } from 'node:https';
import { createServer, type RequestListener } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';

import { type ErrorCode, errorTable, ManygetError } from '../../src/base/errors.js';
import { serve } from '../../src/index.js';
import { commandPath } from '../support/command-path.js';
import { DownloadLab, failure } from '../support/download-lab.js';
import { freePort } from '../support/free-port.js';

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));

/** Answers with the status that the path says, and lets nobody through to another server. */
const answer: RequestListener = ({ url = '' }, response) => {
  const status = Number.parseInt(url.slice(1));
  response.writeHead(status, status === 401 ? { 'www-authenticate': 'Basic realm="x"' } : {}).end('no');
};
const plain = createServer(answer).on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
const secure = createSecureServer(
  { cert: fixture('test-only-certificate.pem'), key: fixture('test-only-key.pem') },
  answer,
);
let web = '';
let tlsWeb = '';

beforeAll(async () => {
  for (const server of [plain, secure]) await once(server.listen(0, '127.0.0.1'), 'listening');
  web = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`;
  tlsWeb = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
});

afterAll(async () => {
  for (const server of [plain, secure]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

interface Case {
  readonly code: ErrorCode;
  readonly url: () => string;
  readonly says: RegExp;
  readonly proxy?: () => string;
}

/** What is asked of a name server would leave this machine: a label of more than 63 characters is never asked for. */
const impossibleName = `${'x'.repeat(64)}.invalid`;
const cases: readonly Case[] = [
  { code: 'dns-failed', url: () => `http://${impossibleName}/f`, says: /not known to the name servers/ },
  { code: 'connect-failed', url: () => 'http://255.255.255.255/f', says: /cannot be reached/ },
  { code: 'tls-failed', url: () => `${tlsWeb}/200`, says: /certificate .* self-signed/ },
  { code: 'proxy-failed', url: () => `${tlsWeb}/200`, says: /proxy .* 403/, proxy: () => web },
  { code: 'http-unauthorized', url: () => `${web}/401`, says: /answered 401/ },
  { code: 'http-forbidden', url: () => `${web}/403`, says: /answered 403/ },
  { code: 'http-status', url: () => `${web}/418`, says: /answered 418/ },
  { code: 'http-server-error', url: () => `${web}/500`, says: /answered 500/ },
];

describe.concurrent('the reason of the only source', () => {
  it.each(cases)('$code is the cause, and in the sentence', async ({ code, url, says, proxy }) => {
    await using lab = await DownloadLab.create();
    const options = proxy === undefined ? {} : { http: { proxy: { all: proxy() } } };
    const error = await failure(lab.get([url()], { giveUpAfterMs: 200, ...options }));
    expect(error.code).toBe('no-source');
    expect(error.message).toMatch(says);
    expect(error.cause).toBeInstanceOf(ManygetError);
    expect((error.cause as ManygetError).code).toBe(code);
  });

  it('is no cause where another one has another reason', async () => {
    await using lab = await DownloadLab.create();
    const error = await failure(lab.get([`${web}/401`, `${web}/403`], { giveUpAfterMs: 200 }));
    expect([error.code, error.cause]).toEqual(['no-source', undefined]);
  });

  it('is the status of a command that asks one server for its files, and in the sentence about a manifest', async () => {
    const run = async (...words: string[]): Promise<{ status: number | null; said: string }> => {
      const child = spawn(process.execPath, [commandPath, 'get', ...words, '-q'], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      child.stderr.on('data', (text: Buffer) => (said += text.toString()));
      const [status] = (await once(child, 'close')) as [number | null];
      return { status, said };
    };
    const { port } = new URL(tlsWeb);
    const listed = await run('-a', '127.0.0.1', '-p', port);
    expect(listed.status).toBe(errorTable['not-mgp'].exitStatus);
    expect(listed.said).toContain(port);
    const manifest = await run(`${web}/403.meta4`);
    expect(manifest.status).toBe(errorTable['manifest-unreadable'].exitStatus);
    expect(manifest.said).toContain('answered 403 Forbidden');
  });
});

test('a server that cannot listen where it should says where', async () => {
  await using lab = await DownloadLab.create();
  const { path } = lab.file('f.bin', 10);
  const port = await freePort();
  const started = serve({ paths: [path], ports: [port], host: '192.0.2.1' });
  await expect(started).rejects.toMatchObject({ code: 'listen-failed' });
  await expect(started).rejects.toThrow(`cannot listen on 192.0.2.1:${port}: 192.0.2.1 is no address of this machine;`);
});
