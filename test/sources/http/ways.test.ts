import { describe, expect, test } from 'vitest';
import type { HttpOptions } from '../../../src/base/http-options.js';
import { parseProxy, proxyFor, proxySettings } from '../../../src/sources/http/http-proxy.js';
import { fetchFile, type Outcome } from '../../support/http-download.js';
import { startHttpProxy, startMuteProxy, startSocksProxy } from '../../support/http-proxy-server.js';
import { HttpTestServer, testCertificate, type Quirk } from '../../support/http-test-server.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const file = randomBytesOf(3 * 1024 * 1024 + 17);
const trusted: HttpOptions = { caCertificate: testCertificate().certPath };

const answer407: Quirk = (_ask, right) => ({ ...right, status: 407 });

function expectWhole(outcome: Outcome): void {
  expect(outcome.kind === 'failed' ? outcome.message : outcome.kind).toBe('whole');
  if (outcome.kind === 'whole') expect(file.equals(outcome.bytes)).toBe(true);
}

describe('the way to a server', () => {
  test('is TLS with a certificate that is trusted', async () => {
    const server = await HttpTestServer.start({ file, tls: true });
    expectWhole(await fetchFile([server.url], { http: trusted }));
  });

  test('is not TLS with one that is not, and the sentence says what to do', async () => {
    const server = await HttpTestServer.start({ file, tls: true });
    const outcome = await fetchFile([server.url]);
    expect(outcome.kind === 'failed' ? outcome.message : '').toMatch(
      /certificate .* self-signed; --ca-certificate .*, --pin/,
    );
    expect(server.asks).toEqual([]);
  });

  test('is TLS with any certificate where that was asked for', async () => {
    const server = await HttpTestServer.start({ file, tls: true });
    expectWhole(await fetchFile([server.url], { http: { insecure: true } }));
  });

  test('is not TLS where the server speaks plain HTTP', async () => {
    const server = await HttpTestServer.start({ file });
    const outcome = await fetchFile([server.url.replace('http:', 'https:')], { http: trusted });
    expect(outcome.kind === 'failed' ? outcome.message : '').toContain('found no way to TLS');
  });

  test('may be IPv6', async ({ skip }) => {
    const server = await HttpTestServer.start({ file, host: '::1' }).catch(() => undefined);
    if (server === undefined) {
      skip('this machine has no IPv6');
      return;
    }
    expectWhole(await fetchFile([server.url]));
  });

  test('may be a name, of whose addresses the one that answers is taken', async () => {
    const server = await HttpTestServer.start({ file });
    expectWhole(await fetchFile([server.url.replace('127.0.0.1', 'localhost')]));
  });

  test('leads through an HTTP proxy, which sees the whole request of a plain one', async () => {
    const server = await HttpTestServer.start({ file });
    const proxy = await startHttpProxy();
    expectWhole(await fetchFile([server.url], { http: { proxy: { http: proxy.url.replace('//', '//me:pw@') } } }));
    expect(proxy.asked[0]).toBe(`GET ${server.url}`);
    expect(proxy.logins[0]).toBe(`Basic ${Buffer.from('me:pw').toString('base64')}`);
    expect(server.asks[0]?.headers['proxy-authorization']).toBeUndefined();
  });

  test('leads through a tunnel of an HTTP proxy, which sees nothing of what is encrypted', async () => {
    const server = await HttpTestServer.start({ file, tls: true });
    const proxy = await startHttpProxy();
    expectWhole(await fetchFile([server.url], { http: { ...trusted, proxy: { https: proxy.url } } }));
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT 127.0.0.1:${server.port}`]));
  });

  test.each([false, true])('leads through SOCKS5 (TLS: %s)', async (tls) => {
    const server = await HttpTestServer.start({ file, tls });
    const proxy = await startSocksProxy('me:pw');
    const all = proxy.url.replace('//', '//me:pw@');
    expectWhole(await fetchFile([server.url], { http: { ...trusted, proxy: { all } } }));
    expect(proxy.asked[0]).toBe(`SOCKS5 127.0.0.1:${server.port}`);
    expect(proxy.logins[0]).toBe('me:pw');
  });

  test.each(['', 'me:wrong@'])('ends at once at a proxy that wants another login than "%s"', async (login) => {
    const server = await HttpTestServer.start({ file });
    const proxy = await startSocksProxy('me:pw');
    const all = proxy.url.replace('//', `//${login}`);
    const outcome = await fetchFile([server.url], { giveUpAfterMs: 500, http: { proxy: { all } } });
    expect(outcome.kind === 'failed' ? outcome.message : '').toMatch(/proxy .* refused a connection/);
    expect(outcome.kind === 'failed' ? outcome.error.cause : outcome).toMatchObject({ code: 'http-unauthorized' });
    expect(proxy.connections).toBe(1);
  });

  test('through a proxy that answers itself, or hangs up, is not said to have failed at the server alone', async () => {
    const server = await HttpTestServer.start({ file, quirk: answer407 });
    const { url, port } = server;
    const http: HttpOptions = { proxy: { http: (await startHttpProxy()).url } };
    const behind = `server 127.0.0.1:${port}, behind proxy ${http.proxy?.http?.slice('http://'.length) ?? ''},`;
    const refused = await fetchFile([url], { http });
    expect(refused.kind === 'failed' ? refused.message : '').toContain(`${behind} answered 407`);
    await server.stop();
    const cut = await fetchFile([url], { giveUpAfterMs: 500, http });
    expect(cut.kind === 'failed' ? cut.message : '').toContain(`${behind} closed the connection without an answer`);
  });

  test('ends before the proxy where the protocol has no room for a name, and leaves no connection behind', async () => {
    const proxy = await startSocksProxy();
    const outcome = await fetchFile([`http://${'a'.repeat(300)}.example/f.bin`], {
      giveUpAfterMs: 500,
      http: { proxy: { all: proxy.url } },
    });
    expect(outcome.kind === 'failed' ? outcome.message : '').toContain('cannot be asked for a connection: a name');
    expect(proxy.connections).toBe(0);
  });

  test('ends at a proxy that nobody reaches, and it is the proxy that the sentence names', async ({ skip }) => {
    const server = await HttpTestServer.start({ file });
    const ends = (all: string): Promise<Outcome> =>
      fetchFile([server.url], { giveUpAfterMs: 500, connectTimeoutMs: 300, http: { proxy: { all } } });
    for (const scheme of ['http', 'socks5']) {
      const refused = await ends(`${scheme}://127.0.0.1:1`);
      expect(refused.kind === 'failed' ? refused.message : '').toContain('proxy 127.0.0.1:1 refused the connection');
    }
    const mute = await startMuteProxy();
    for (const [scheme, says] of [
      ['socks5', `proxy 127.0.0.1:${mute}, the way to server 127.0.0.1:${server.port}, did not answer`],
      ['http', `server 127.0.0.1:${server.port}, behind proxy 127.0.0.1:${mute}, accepted the connection`],
    ] as const) {
      const silent = await ends(`${scheme}://127.0.0.1:${mute}`);
      expect(silent.kind === 'failed' ? silent.message : '').toContain(says);
    }
    const sixth = await HttpTestServer.start({ file, host: '::1', quirk: answer407 }).catch(() => undefined);
    if (sixth === undefined) {
      skip('this machine has no IPv6');
      return;
    }
    const spoken = await ends(`socks5://[::1]:${sixth.port}`);
    expect(spoken.kind === 'failed' ? spoken.message : '').toContain(`proxy [::1]:${sixth.port} refused`);
  });

  test('avoids the proxy for hosts that need none', async () => {
    const server = await HttpTestServer.start({ file });
    expectWhole(await fetchFile([server.url], { http: { proxy: { all: 'http://127.0.0.1:1', no: '127.0.0.1' } } }));
  });

  test('to an address whose proxy is none is not gone, and all others are', async () => {
    const server = await HttpTestServer.start({ file });
    const away = await HttpTestServer.start({
      file,
      quirk: (_ask, right) => ({ ...right, status: 302, headers: { Location: 'https://127.0.0.1:1/f.bin' } }),
    });
    const outcome = await fetchFile([away.url, server.url], { http: { proxy: { https: 'ftp://x' } } });
    expectWhole(outcome);
    if (outcome.kind === 'whole') expect(outcome.report.sources[0]?.note).toContain('the proxy "ftp://x"');
    const own = fetchFile(['https://127.0.0.1:1/f.bin'], { http: { proxy: { https: 'ftp://x' } } });
    await expect(own).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('the settings of proxies', () => {
  test('are lower case before upper case, and HTTP_PROXY in capitals counts for nothing', () => {
    const env = { http_proxy: 'a', HTTP_PROXY: 'b', https_proxy: 'c', HTTPS_PROXY: 'd', ALL_PROXY: 'e', NO_PROXY: 'f' };
    expect(proxySettings(env)).toEqual({ http: 'a', https: 'c', all: 'e', no: 'f' });
    expect(proxySettings({ HTTP_PROXY: 'b' }).http).toBeUndefined();
  });

  test.each([
    ['proxy:3128', { kind: 'http', host: 'proxy', port: 3128 }],
    ['http://proxy:80', { kind: 'http', host: 'proxy', port: 80 }],
    ['http://proxy', { kind: 'http', host: 'proxy', port: 8080 }],
    ['socks5://[::1]:9', { kind: 'socks5', host: '::1', port: 9, resolvesNames: false }],
    ['socks5://a%3Ab:c%40d@s', { kind: 'socks5', user: 'a:b', password: 'c@d' }],
    ['socks5h://u:p%20q@s', { kind: 'socks5', host: 's', port: 1080, user: 'u', password: 'p q', resolvesNames: true }],
  ])('"%s" means a proxy', (text, expected) => {
    expect(parseProxy(text)).toMatchObject(expected);
  });

  test.each(['ftp://x', 'https://x', '://', 'http://', 'http://a%zz:b@x', 'http://a%3Ab:c@x'])(
    '"%s" means none',
    (text) => {
      expect(() => parseProxy(text)).toThrow('expected http://HOST:PORT');
    },
  );

  test.each(['ftp://me:secret@x', 'me:secret@x:99999', 'http://me:a@secret@x:y', 'http://me:a/secret@x'])(
    'where "%s" means none, the sentence does not repeat the password',
    (text) => {
      expect(() => parseProxy(text)).toThrow('expected http://HOST:PORT');
      expect(() => parseProxy(text)).not.toThrow(/secret|me:/);
    },
  );

  test.each([
    ['example.org', 'http://example.org/', true],
    ['example.org', 'http://a.example.org/', true],
    ['.example.org', 'http://a.example.org/', true],
    ['*.example.org', 'http://a.example.org/', true],
    ['example.org', 'http://notexample.org/', false],
    ['example.org:8080', 'http://example.org:8080/', true],
    ['example.org:8080', 'http://example.org/', false],
    ['10.0.0.0/8', 'http://10.9.8.7/', true],
    ['10.0.0.0/8', 'http://11.9.8.7/', false],
    ['::1', 'http://[::1]/', true],
    ['*', 'http://any/', true],
    ['*:8080', 'http://any:8080/', true],
    ['EXAMPLE.org', 'http://A.Example.ORG/', true],
    ['example.org', 'http://example.org./', true],
    ['example.org.', 'http://example.org/', true],
    ['.', 'http://example.org./', false],
    ['0.0.1', 'http://127.0.0.1/', false],
    ['0:0:0:0:0:0:0:1', 'http://[::1]/', true],
    ['[::1]:8080', 'http://[::1]:8080/', true],
    ['[::1]:8080', 'http://[::1]/', false],
    ['fd00::/8', 'http://[fd12::1]/', true],
    ['fd00::/8', 'http://[fe80::1]/', false],
    ['fd00::/129', 'http://[fd00::]/', false],
    ['0.0.0.0/0', 'http://9.9.9.9/', true],
    ['10.0.0.1/32', 'http://10.0.0.2/', false],
    ['10.0.0.0/8', 'http://[::1]/', false],
    ['a, b', 'http://b/', true],
  ])('no_proxy "%s" and %s: direct is %s', (no, url, direct) => {
    expect(proxyFor(new URL(url), { all: 'http://p', no }) === undefined).toBe(direct);
  });
});
