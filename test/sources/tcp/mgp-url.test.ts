import { expect, test } from 'vitest';
import { MgpSource } from '../../../src/sources/tcp/mgp-source.js';
import { parseMgpUrl } from '../../../src/sources/tcp/mgp-url.js';
import { defaultTlsTrust } from '../../../src/sources/tls-trust.js';

test.each([
  ['ftp://a/x', 'source "ftp://a/x" has the scheme ftp, expected mgp, mgps, http or https'],
  ['mgp://a:99999/x', 'source "mgp://a:99999/x" names port 99999, expected 1 to 65535'],
  ['mgp://a:0/x', 'source "mgp://a:0/x" names port 0, expected mgp://HOST:PORT/NAME'],
  ['mgp://a:1:2/x', 'source "mgp://a:1:2/x" is not a URL, expected mgp://HOST:PORT/NAME'],
  ['mgp://me:secret@a:1/x', 'source "mgp://a:1/x" carries a user name or password, expected mgp://HOST:PORT/NAME'],
  ['mgp://me:secret@a:y/x', 'source "mgp://a:y/x" is not a URL, expected mgp://HOST:PORT/NAME'],
])('%s is refused in a sentence that names what fits', (url, message) => {
  expect(() => parseMgpUrl(url)).toThrow(expect.objectContaining({ code: 'usage', message }));
});

test('a source at an IPv6 address is called by it in brackets, as in its URL', () => {
  const identity = { agent: 'test/1', token: undefined, trust: defaultTlsTrust };
  const source = new MgpSource('mgp://[0:0:0:0:0:0:0:1]:9001/f', identity);
  expect([source.label, source.url]).toEqual(['[::1]:9001', 'mgp://[::1]:9001/f']);
});
