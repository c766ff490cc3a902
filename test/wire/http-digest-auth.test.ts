import { describe, expect, test } from 'vitest';
import { parseChallenges } from '../../src/wire/http-challenge.js';
import {
  digestAuthorization,
  digestKey,
  strongestDigest,
  type DigestChallenge,
} from '../../src/wire/http-digest-auth.js';

/** The first example of RFC 7616, 3.9.1: the same challenge twice. */
const both = ['SHA-256', 'MD5']
  .map(
    (algorithm) =>
      `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, ` +
      'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
  )
  .join(', ');
const mufasa = { user: 'Mufasa', password: 'Circle of Life' };
const clientNonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
const target = '/dir/index.html';

function challengeOf(value: string): DigestChallenge {
  const challenge = strongestDigest(parseChallenges(value));
  if (challenge === undefined) throw new Error(`nothing to answer in ${value}`);
  return challenge;
}

function answer(
  challenge: DigestChallenge,
  login = mufasa,
  more: { clientNonce?: string; target?: string } = {},
): string {
  const use = { nonce: challenge.nonce, count: 1, method: 'GET', clientNonce, target, ...more };
  return digestAuthorization(challenge, digestKey(challenge, login, use.clientNonce), login.user, use);
}

describe('a Digest login', () => {
  test("with SHA-256 is as in the RFC's example", () => {
    expect(answer(challengeOf(both))).toBe(
      'Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", ' +
        'uri="/dir/index.html", response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", ' +
        'algorithm=SHA-256, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", ' +
        'qop=auth, nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"',
    );
  });

  test("with MD5 is as in the RFC's example", () => {
    const [, md5] = parseChallenges(both);
    const challenge = md5 === undefined ? undefined : strongestDigest([md5]);
    expect(challenge === undefined ? '' : answer(challenge)).toContain('response="8ca523f5e9506fed4657c9700eebdbec"');
  });

  test("with SHA-512-256, a hashed user name and letters beyond ASCII is as in the RFC's example and its erratum 4897", () => {
    const challenge = challengeOf(
      'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", ' +
        'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true',
    );
    const login = { user: 'J\u00e4s\u00f8n Doe', password: 'Secret, or not?' };
    const more = { clientNonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v', target: '/doe.json' };
    const said = answer(challenge, login, more);
    expect(said).toContain('username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"');
    expect(said).toContain('response="3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"');
    expect(said).toMatch(/userhash=true$/);
    // The same letters, composed of others, are the same name.
    expect(answer(challenge, { ...login, user: login.user.normalize('NFD') }, more)).toBe(said);
  });

  test('without qop is as RFC 2069 has it', () => {
    const challenge = challengeOf(
      'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    );
    expect(answer(challenge, { user: 'Mufasa', password: 'CircleOfLife' })).toBe(
      'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
        'uri="/dir/index.html", response="1949323746fe6a43ef61f9606e7febea", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    );
  });

  test('counts in eight digits of hex', () => {
    const challenge = challengeOf(both);
    const use = { nonce: 'n', count: 0x1f2, method: 'GET', clientNonce: 'c', target: '/' };
    expect(digestAuthorization(challenge, 'key', 'u', use)).toContain('nc=000001f2');
  });

  test('quotes what it sends back, and writes a name beyond ASCII as the server can read it', () => {
    const plain = challengeOf('Digest realm="a \\"b\\" \\\\", nonce="n\\"", algorithm=MD5');
    expect(answer(plain, { user: 'a"\u00e9', password: 'x' })).toContain(
      'username="a\\"\u00c3\u00a9", realm="a \\"b\\" \\\\", nonce="n\\""',
    );
    const utf8 = challengeOf('Digest realm="r", nonce="n", charset=UTF-8');
    expect(answer(utf8, { user: "J\u00e4s\u00f8n (D'oe)", password: 'x' })).toContain(
      "username*=UTF-8''J%C3%A4s%C3%B8n%20%28D%27oe%29,",
    );
  });

  test('-sess tells the nonce of the client that its key was made with, even without qop', () => {
    const challenge = challengeOf('Digest realm="r", nonce="n", algorithm=MD5-sess');
    expect(challenge).toMatchObject({ isSession: true, hasQop: false });
    expect(answer(challenge)).toContain(`cnonce="${clientNonce}"`);
    expect(digestKey(challenge, mufasa, 'a')).not.toBe(digestKey(challenge, mufasa, 'b'));
  });
});

describe('of several challenges', () => {
  const digest = (algorithm: string, more = ''): string => `Digest realm="r", nonce="n", algorithm=${algorithm}${more}`;
  const chosen = (...offered: string[]): string | undefined =>
    strongestDigest(parseChallenges(offered.join(', ')))?.algorithm;

  test('the one with the strongest hash is answered, wherever it stands', () => {
    expect(chosen(digest('MD5'), digest('SHA-512-256'), digest('SHA-256'))).toBe('SHA-512-256');
    expect(chosen(digest('md5'), 'Basic realm="r"', digest('sha-256-sess'))).toBe('sha-256-sess');
    expect(chosen(digest('MD5-sess'), digest('MD5'))).toBe('MD5-sess');
  });

  test('those that cannot be answered do not count', () => {
    expect(chosen(digest('SHA-1024'), digest('MD5'))).toBe('MD5');
    expect(chosen(digest('SHA-256', ', qop="auth-int"'), digest('MD5', ', qop="auth-int,auth"'))).toBe('MD5');
    expect(strongestDigest(parseChallenges('Digest realm="r", Digest nonce="n", Basic realm="r"'))).toBeUndefined();
  });
});
