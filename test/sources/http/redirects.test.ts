import { describe, expect, test } from 'vitest';
import { followRedirect, isPrivateHost } from '../../../src/sources/http/http-redirect.js';
import { fetchFile } from '../../support/http-download.js';
import { HttpTestServer, type Quirk } from '../../support/http-test-server.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const file = randomBytesOf(3 * 1024 * 1024);

function redirect(status: number, location: (path: string) => string | undefined): Quirk {
  return (ask, right) => {
    const to = location(ask.path);
    return to === undefined ? right : { ...right, status, headers: { Location: to }, body: Buffer.from('moved') };
  };
}

describe('redirects', () => {
  test.each([301, 302, 303, 307, 308])(
    'of status %i are followed, and the address that was given is shown',
    async (status) => {
      const end = await HttpTestServer.start({ file });
      const start = await HttpTestServer.start({ file, quirk: redirect(status, () => end.url) });
      const outcome = await fetchFile([start.url]);
      if (outcome.kind === 'failed') throw outcome.error;
      expect(file.equals(outcome.bytes)).toBe(true);
      expect(outcome.report.sources[0]?.url).toBe(start.url);
    },
  );

  test('are followed ten times and no more', async () => {
    const upTo = (hops: number): Quirk =>
      redirect(302, (path) => {
        const n = Number(path.slice(1));
        return n < hops ? `/${n + 1}` : undefined;
      });
    const ten = await HttpTestServer.start({ file, quirk: upTo(10), path: '/0' });
    const eleven = await HttpTestServer.start({ file, quirk: upTo(11), path: '/0' });
    expect((await fetchFile([ten.url])).kind).toBe('whole');
    const outcome = await fetchFile([eleven.url]);
    expect(outcome.kind === 'failed' ? outcome.message : '').toContain('after 10 redirects');
  });

  test.each([
    ['without a Location', undefined],
    ['to another scheme', 'ftp://127.0.0.1/f.bin'],
    ['to a file of this machine', 'file:///etc/passwd'],
    ['to no URL at all', 'http://'],
  ])('%s end the source', async (_what, location) => {
    const server = await HttpTestServer.start({
      file,
      quirk: (_ask, right) => ({ ...right, status: 302, headers: { Location: location }, body: new Uint8Array(0) }),
    });
    const outcome = await fetchFile([server.url]);
    expect(outcome.kind === 'failed' ? outcome.error.code : '').toBe('no-source');
  });

  test('to a signed address that expires are followed anew from the start', async () => {
    let signature = 1;
    let given = 0;
    const end = await HttpTestServer.start({
      file,
      quirk: (ask, right) => {
        if (!ask.path.endsWith(`?sig=${signature}`))
          return { ...right, status: 403, headers: {}, body: Buffer.from('expired') };
        if (right.body.length < 2 || given > 0) return right;
        given += 1;
        signature += 1;
        return { ...right, cutAfter: 1_000_000 };
      },
    });
    const start = await HttpTestServer.start({ file, quirk: redirect(302, () => `${end.url}?sig=${signature}`) });
    const outcome = await fetchFile([start.url]);
    if (outcome.kind === 'failed') throw outcome.error;
    expect(file.equals(outcome.bytes)).toBe(true);
    expect(start.asks.length).toBeGreaterThanOrEqual(2);
  });

  const step = { count: 0, fromPublic: false, hasCredentials: () => false };

  test('never lead from the internet into this network', () => {
    const from = new URL('https://example.org/f');
    for (const location of [
      'http://127.0.0.1/',
      'http://[::1]/',
      'http://10.1.2.3/',
      'http://localhost/',
      'http://2130706433/',
    ]) {
      expect(() => followRedirect({ ...step, from, location, fromPublic: true })).toThrow('inside of this network');
    }
    expect(followRedirect({ ...step, from, location: '/g', fromPublic: true }).href).toBe('https://example.org/g');
  });

  test('never take credentials from an encrypted connection to a plain one', () => {
    const from = new URL('https://example.org/f');
    const location = 'http://example.org/f';
    expect(() => followRedirect({ ...step, from, location, hasCredentials: () => true })).toThrow('without encryption');
    expect(followRedirect({ ...step, from, location }).href).toBe(location);
  });

  test.each(['http://me:pw@b/', 'http://b/#part'])('take from the Location %s the address alone', (location) => {
    expect(followRedirect({ ...step, from: new URL('http://a/'), location }).href).toBe('http://b/');
  });

  test.each([
    '127.0.0.1',
    '[::ffff:10.0.0.1]',
    '169.254.169.254',
    '[fe80::1]',
    '[fd00::1]',
    '192.168.1.1',
    'a.localhost',
  ])('%s is inside', (host) => {
    expect(isPrivateHost(host)).toBe(true);
  });

  test.each(['example.org', '8.8.8.8', '[2001:db8::1]', '172.32.0.1'])('%s is outside', (host) => {
    expect(isPrivateHost(host)).toBe(false);
  });
});
