import { describe, expect, test } from 'vitest';
import { parseAuthParams, parseChallenges } from '../../src/wire/http-challenge.js';

function read(value: string): unknown {
  return parseChallenges(value).map(({ scheme, params }) => [scheme, Object.fromEntries(params)]);
}

describe('the challenges of a WWW-Authenticate header', () => {
  test('are told apart although commas are between them and within them', () => {
    expect(read('Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"')).toEqual([
      ['newauth', { realm: 'apps', type: '1', title: 'Login to "apps"' }],
      ['basic', { realm: 'simple' }],
    ]);
    expect(read('Basic realm="a, Digest x", Digest realm = "b" ,, nonce=c')).toEqual([
      ['basic', { realm: 'a, Digest x' }],
      ['digest', { realm: 'b', nonce: 'c' }],
    ]);
  });

  test('may have no parameters, or data in their place', () => {
    expect(read('Negotiate, NTLM, Basic realm=""')).toEqual([
      ['negotiate', {}],
      ['ntlm', {}],
      ['basic', { realm: '' }],
    ]);
    expect(read('Negotiate a87421000492aa874209af8bc028==, Digest nonce="x"')).toEqual([
      ['negotiate', {}],
      ['digest', { nonce: 'x' }],
    ]);
  });

  test('of a parameter that is there twice say the first', () => {
    expect(read('Digest nonce=a, NONCE=b')).toEqual([['digest', { nonce: 'a' }]]);
  });

  test.each(['', ',', '"', '=', 'Basic realm="', '\u00e4'])('are none where %j is all there is', (value) => {
    expect(read(value)).toEqual([]);
  });

  test('are there up to what is malformed', () => {
    expect(read('Digest nonce=a, Basic realm="')).toEqual([['digest', { nonce: 'a' }]]);
    expect(parseChallenges(undefined)).toEqual([]);
  });

  test('are limited in number', () => {
    expect(parseChallenges('Basic realm=x, '.repeat(1000))).toHaveLength(32);
  });
});

test('what an Authentication-Info header says is read by name', () => {
  const params = parseAuthParams('nextnonce="ab\\"c", qop=auth, rspauth="0", nc=00000001');
  expect(Object.fromEntries(params)).toEqual({ nextnonce: 'ab"c', qop: 'auth', rspauth: '0', nc: '00000001' });
  expect(parseAuthParams(undefined).size).toBe(0);
});
