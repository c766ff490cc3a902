import { createHash, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HttpOptions } from '../../../src/base/http-options.js';
import { fetchFile, type Outcome } from '../../support/http-download.js';
import { startHttpProxy, startSocksProxy } from '../../support/http-proxy-server.js';
import { HttpTestServer, testCertificate } from '../../support/http-test-server.js';
import { randomBytesOf } from '../../support/random-bytes.js';
import { tempFolder } from '../../support/temp-folder.js';

const file = randomBytesOf(200_000);
const [expired, forLocalhost] = [testCertificate('expired'), testCertificate('localhost')];
/** Of all of them: they have one key. */
const spki = new X509Certificate(expired.cert).publicKey.export({ type: 'spki', format: 'der' });
const pins = [`sha256//${createHash('sha256').update(spki).digest('base64')}`];

function trusting({ certPath }: { readonly certPath: string }, more: HttpOptions = {}): HttpOptions {
  return { caCertificate: certPath, ...more };
}

function messageOf(outcome: Outcome): string {
  return outcome.kind === 'failed' ? `${outcome.error.code}: ${outcome.message}` : outcome.kind;
}

describe('a certificate', () => {
  test('that has expired is refused, also by who trusts it, and the sentence says so', async () => {
    const server = await HttpTestServer.start({ file, tls: expired });
    const outcome = await fetchFile([server.url], { http: trusting(expired) });
    expect(messageOf(outcome)).toMatch(/certificate of server 127\.0\.0\.1:\d+ has expired.*--pin/);
    expect(messageOf(outcome)).not.toContain('--ca-certificate');
    expect(server.asks).toEqual([]);
  });

  test('for another name is refused, and the sentence says for which it is', async () => {
    const server = await HttpTestServer.start({ file, tls: forLocalhost });
    const outcome = await fetchFile([server.url], { http: trusting(forLocalhost) });
    expect(messageOf(outcome)).toMatch(/ is for another name \(DNS:localhost\); --pin/);
    expect(messageOf(outcome)).not.toContain('--ca-certificate');
    const named = server.url.replace('127.0.0.1', 'localhost');
    expect(messageOf(await fetchFile([named], { http: trusting(forLocalhost) }))).toBe('whole');
  });

  test('that is damaged in the file of those to trust is told, and not the server', async () => {
    const server = await HttpTestServer.start({ file, tls: true });
    const caCertificate = path.join(tempFolder(), 'ca.pem');
    const { cert } = testCertificate();
    const damaged = String(cert).replace(/\n[^\n]+\n/, '\n');
    for (const [text, which] of [
      [`${damaged}${String(cert)}`, '1 of 2'],
      [`${String(cert)}${String(cert).slice(0, 300)}`, '2 of 2'],
    ] as const) {
      writeFileSync(caCertificate, text);
      await expect(fetchFile([server.url], { http: { caCertificate } })).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining(`certificate ${which} is damaged`) as string,
      });
    }
    writeFileSync(caCertificate, `# ours\n${String(cert)}\n# twice\n${String(cert)}`);
    expect(messageOf(await fetchFile([server.url], { http: { caCertificate } }))).toBe('whole');
  });

  test.each(['expired', 'localhost'] as const)('is not looked at where its key is pinned (%s)', async (name) => {
    const server = await HttpTestServer.start({ file, tls: testCertificate(name) });
    expect(messageOf(await fetchFile([server.url], { pins, http: {} }))).toBe('whole');
  });

  test.each(['http', 'socks5'] as const)(
    'has to be for the server behind a tunnel, also where that is named by its address (%s)',
    async (kind) => {
      const proxy = await (kind === 'http' ? startHttpProxy() : startSocksProxy());
      // "localhost" is what the proxy is called, and what Node takes where it is told nothing.
      const proxied = { proxy: { all: proxy.url.replace('127.0.0.1', 'localhost') } };
      const other = await HttpTestServer.start({ file, tls: forLocalhost });
      const refused = await fetchFile([other.url], { http: trusting(forLocalhost, proxied) });
      expect(messageOf(refused)).toContain('is for another name');
      expect(other.asks).toEqual([]);
      const right = await HttpTestServer.start({ file, tls: true });
      expect(messageOf(await fetchFile([right.url], { http: trusting(testCertificate(), proxied) }))).toBe('whole');
      expect(proxy.asked).toContain(`${kind === 'http' ? 'CONNECT' : 'SOCKS5'} 127.0.0.1:${right.port}`);
    },
  );
});
