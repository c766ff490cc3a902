import { scryptSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openSecretKey, parseSecretKey, sealedBytes, signatureText } from '../../src/wire/minisign-secret.js';
import { checkSignature, parsePublicKey, parseSignature, type PublicKey } from '../../src/wire/minisign.js';
import {
  legacySignature,
  openKey,
  sealedKey,
  sealedSignature,
  signature,
  signedDocument,
} from '../support/minisign-samples.js';

const label = 'signature "doc.minisig"';

function key(text: string): PublicKey {
  const parsed = parsePublicKey(text);
  if (parsed === undefined) throw new Error(`${text} is no key`);
  return parsed;
}

function check(text: string, document: Uint8Array = signedDocument, keys = [key(openKey.publicKey)]): string {
  return checkSignature(document, parseSignature(Buffer.from(text), label), keys, 'metalink "doc"').id;
}

function refused(sentence: RegExp): unknown {
  return expect.objectContaining({ code: 'signature-wrong', message: expect.stringMatching(sentence) as string });
}

describe('a public key', () => {
  test('is read as it is printed and as it is kept in a file, whatever its lines end with', () => {
    for (const text of [
      openKey.publicKey,
      `untrusted comment: minisign public key ${openKey.id}\n${openKey.publicKey}\n`,
      `untrusted comment: x\r\n${openKey.publicKey}\r\n`,
    ]) {
      expect(key(text).id).toBe(openKey.id);
    }
  });

  test.each([
    ['cut', openKey.publicKey.slice(0, -1)],
    ['of another kind', `RUT${openKey.publicKey.slice(3)}`],
    ['one of two', `${openKey.publicKey}\n${sealedKey.publicKey}`],
    ['a secret one', openKey.secretKey],
    ['nothing', ''],
  ])('that is %s is none', (_what, text) => expect(parsePublicKey(text)).toBeUndefined());
});

describe('a signature', () => {
  test('of minisign is believed, over the document and over its hash, with a key among several', () => {
    expect(check(signature)).toBe(openKey.id);
    expect(check(legacySignature)).toBe(openKey.id);
    expect(check(signature.replaceAll('\n', '\r\n'))).toBe(openKey.id);
    const both = [key(openKey.publicKey), key(sealedKey.publicKey)];
    expect(check(sealedSignature, signedDocument, both)).toBe(sealedKey.id);
  });

  test('of another document is not', () => {
    for (const text of [signature, legacySignature]) {
      expect(() => check(text, Buffer.from('hello, world'))).toThrow(refused(/^metalink "doc" does not match/));
    }
  });

  test('of another key is not, and both are named', () => {
    expect(() => check(sealedSignature)).toThrow(
      refused(/is signed with key A6C8AB440B1B92DB, expected 7996D8B0C25C5BFF$/),
    );
  });

  test('by a key that only claims the id is not', () => {
    const impostor: PublicKey = { ...key(sealedKey.publicKey), id: openKey.id };
    expect(() => check(signature, signedDocument, [impostor])).toThrow(refused(/does not match/));
  });

  test('whose trusted comment was changed is not', () => {
    expect(() => check(signature.replace('plain', 'other'))).toThrow(refused(/the trusted comment in the signature/));
  });

  test('that says to be of the other kind is not', () => {
    expect(() => check(signature.replace('RUT/', 'RWT/'))).toThrow(refused(/does not match/));
  });

  const lines = signature.split('\n');
  const withLine = (n: number, text: string): string => lines.map((line, i) => (i === n ? text : line)).join('\n');
  test.each([
    ['without its first comment', withLine(0, 'comment: x'), /line 1 does not begin/],
    ['cut in its key', withLine(1, (lines[1] ?? '').slice(0, 40)), /line 2 is not the base64 of 74 bytes/],
    ['with a letter that is none', withLine(1, `?${(lines[1] ?? '').slice(1)}`), /line 2 is not/],
    ['without a trusted comment', withLine(2, 'comment: x'), /line 3 does not begin/],
    ['cut at its end', lines.slice(0, 3).join('\n'), /line 4 is not the base64 of 64 bytes/],
    ['with more behind it', `${signature}more\n`, /more behind line 4/],
    ['with a kind that nobody knows', withLine(1, `AAA${(lines[1] ?? '').slice(3)}`), /its algorithm is/],
    ['endless', 'x'.repeat(20_000), /20000 bytes, expected at most 16384/],
    ['a web page', '<html>', /line 1/],
  ])('%s is refused in one sentence', (_what, text, sentence) => {
    expect(() => check(text)).toThrow(refused(sentence));
  });

  test('has no second form: the same bytes in other letters are refused', () => {
    const line = lines[1] ?? '';
    // The last letter before "=" has two bits that nobody reads.
    expect(() => check(withLine(1, line.replace('Ac=', 'Ad=')))).toThrow(refused(/line 2/));
  });
});

describe('a secret key', () => {
  test('without a password signs at once, and what it signed is believed', () => {
    const file = parseSecretKey(openKey.secretKey);
    expect(file?.stretching).toBeUndefined();
    const opened = file === undefined ? undefined : openSecretKey(file, undefined);
    if (opened === undefined) throw new Error('the key does not open');
    const text = signatureText(signedDocument, opened, 'timestamp:5 plain');
    expect(text.split('\n').slice(1)).toEqual(signature.split('\n').slice(1));
    expect(check(text)).toBe(openKey.id);
  });

  test('with a password asks for the figures of libsodium', () => {
    expect(parseSecretKey(sealedKey.secretKey)?.stretching).toMatchObject({
      cost: 2 ** 20,
      blockSize: 8,
      parallelization: 1,
    });
  });

  const opsAt = 6 + 32;
  const figures = (ops: bigint, memory: bigint): string => {
    const bytes = Buffer.from(sealedKey.secretKey.split('\n')[1] ?? '', 'base64');
    bytes.writeBigUInt64LE(ops, opsAt);
    bytes.writeBigUInt64LE(memory, opsAt + 8);
    return bytes.toString('base64');
  };

  test('with small figures takes scrypt as libsodium does', () => {
    expect(parseSecretKey(figures(524_288n, 16_777_216n))?.stretching).toMatchObject({
      cost: 2 ** 14,
      parallelization: 1,
    });
    expect(parseSecretKey(figures(33_554_432n, 16_777_216n))?.stretching).toMatchObject({
      cost: 2 ** 14,
      parallelization: 64,
    });
    expect(parseSecretKey(figures(0n, 16_777_216n))?.stretching).toMatchObject({ cost: 2 ** 10, parallelization: 1 });
  });

  test('that would take more than this machine should give is none', () => {
    for (const [ops, memory] of [
      [2n ** 60n, 2n ** 60n],
      [2n ** 50n, 2n ** 50n],
      [2n ** 50n, 2n ** 20n],
    ] as const) {
      expect(parseSecretKey(figures(ops, memory))).toBeUndefined();
    }
  });

  test('sealed with a password opens with that one alone', () => {
    const file = parseSecretKey(openKey.secretKey);
    const salt = new Uint8Array(32);
    const stream = (password: string): Uint8Array =>
      scryptSync(password, salt, sealedBytes, { N: 2 ** 10, r: 8, p: 1 });
    const sealed = {
      stretching: undefined,
      sealed: file?.sealed.map((byte, i) => byte ^ (stream('a')[i] ?? 0)) ?? salt,
    };
    expect(openSecretKey(sealed, stream('a'))?.id).toBe(openKey.id);
    expect(openSecretKey(sealed, stream('b'))).toBeUndefined();
  });

  test.each([
    ['a public one', openKey.publicKey],
    ['cut', openKey.secretKey.slice(0, -9)],
    ['nothing', ''],
    ['text', 'hello'],
  ])('that is %s is none', (_what, text) => expect(parseSecretKey(text)).toBeUndefined());
});
