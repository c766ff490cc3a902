import { createHash, createPublicKey, verify } from 'node:crypto';
import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';

/**
 * Signatures and public keys in minisign's format (https://jedisct1.github.io/minisign/, "Signature format"): Ed25519 over
 * the document (`Ed`, as old versions made them) or over its BLAKE2b-512 (`ED`), and a second one over the first and the
 * trusted comment. Owns the texts and the proof; which keys are believed, and what follows, is for others to say.
 */
export const minisignLimits = { signatureBytesMax: 16 * 1024, keyBytesMax: 4 * 1024 } as const;

export const keyIdBytes = 8;
export const publicKeyBytes = 32;
const signatureBytes = 64;

export interface PublicKey {
  /** As minisign prints it: 16 hexadecimal digits. */
  readonly id: string;
  readonly publicKey: Uint8Array;
}

export interface Signature {
  readonly keyId: string;
  /** Over BLAKE2b-512 of the document, not over the document. */
  readonly isPrehashed: boolean;
  readonly signature: Uint8Array;
  readonly trustedComment: Uint8Array;
  readonly globalSignature: Uint8Array;
}

const keyPattern = /^RW[A-Za-z0-9+/]{54}$/;

/** Whether `text` is a public key, and not the name of a file. */
export function isPublicKey(text: string): boolean {
  return keyPattern.test(text);
}

/** A key as minisign prints it ("RW…"), or the text of its .pub file; undefined where it is neither. */
export function parsePublicKey(text: string): PublicKey | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !/^untrusted comment:/i.test(line));
  const [line = ''] = lines.map((one) => one.trim());
  if (lines.length !== 1 || !keyPattern.test(line)) return undefined;
  const bytes = Buffer.from(line, 'base64');
  if (bytes.toString('latin1', 0, 2) !== 'Ed') return undefined;
  return { id: idOf(bytes.subarray(2)), publicKey: bytes.subarray(2 + keyIdBytes) };
}

/** A key's id, which is kept with its last byte first. */
export function idOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, keyIdBytes)).reverse().toString('hex').toUpperCase();
}

/**
 * The text of a .minisig file.
 * @param label What it is, for messages: `signature "f.meta4.minisig"`.
 * @throws ManygetError `signature-wrong`.
 */
export function parseSignature(bytes: Uint8Array, label: string): Signature {
  const malformed = (why: string): ManygetError =>
    new ManygetError('signature-wrong', `${label} is not in minisign's format: ${why}`);
  if (bytes.length > minisignLimits.signatureBytesMax) {
    throw malformed(`it has ${bytes.length} bytes, expected at most ${minisignLimits.signatureBytesMax}`);
  }
  // Latin-1 keeps the bytes of the comment, which are signed as they are.
  const lines = Buffer.from(bytes).toString('latin1').split(/\r?\n/);
  const [first = '', second = '', third = '', fourth = '', ...rest] = lines;
  if (!first.startsWith('untrusted comment: ')) throw malformed('line 1 does not begin with "untrusted comment: "');
  const signed = base64Bytes(second, 2 + keyIdBytes + signatureBytes);
  if (signed === undefined) throw malformed('line 2 is not the base64 of 74 bytes');
  if (!third.startsWith('trusted comment: ')) throw malformed('line 3 does not begin with "trusted comment: "');
  const globalSignature = base64Bytes(fourth, signatureBytes);
  if (globalSignature === undefined) throw malformed('line 4 is not the base64 of 64 bytes');
  if (rest.some((line) => line !== '')) throw malformed('there is more behind line 4');
  const algorithm = signed.toString('latin1', 0, 2);
  if (algorithm !== 'Ed' && algorithm !== 'ED') {
    throw malformed(`its algorithm is "${printable(algorithm)}", expected "Ed" or "ED"`);
  }
  return {
    keyId: idOf(signed.subarray(2)),
    isPrehashed: algorithm === 'ED',
    signature: signed.subarray(2 + keyIdBytes),
    trustedComment: Buffer.from(third.slice('trusted comment: '.length), 'latin1'),
    globalSignature,
  };
}

/** What is signed of `document`. */
export function signedBytes(document: Uint8Array, isPrehashed: boolean): Uint8Array {
  return isPrehashed ? createHash('blake2b512').update(document).digest() : document;
}

/** What the second signature is over. */
export function globalBytes({
  signature,
  trustedComment,
}: Pick<Signature, 'signature' | 'trustedComment'>): Uint8Array {
  return Buffer.concat([signature, trustedComment]);
}

/**
 * Proves that one of `keys` has signed `document`, and its comment. Returns that key.
 * @param what What was signed, for messages: `metalink "f.meta4"`.
 * @throws ManygetError `signature-wrong`.
 */
export function checkSignature(
  document: Uint8Array,
  signature: Signature,
  keys: readonly PublicKey[],
  what: string,
): PublicKey {
  const key = keys.find(({ id }) => id === signature.keyId);
  if (key === undefined) {
    const expected = keys.map(({ id }) => id).join(' or ');
    throw new ManygetError('signature-wrong', `${what} is signed with key ${signature.keyId}, expected ${expected}`);
  }
  if (!isSigned(signedBytes(document, signature.isPrehashed), signature.signature, key)) {
    throw new ManygetError(
      'signature-wrong',
      `${what} does not match its signature by key ${key.id}: it was changed, or the signature is of something else`,
    );
  }
  if (!isSigned(globalBytes(signature), signature.globalSignature, key)) {
    throw new ManygetError('signature-wrong', `the trusted comment in the signature of ${what} was changed`);
  }
  return key;
}

function isSigned(bytes: Uint8Array, signature: Uint8Array, { publicKey }: PublicKey): boolean {
  const x = Buffer.from(publicKey).toString('base64url');
  return verify(null, bytes, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature);
}

function base64Bytes(line: string, bytes: number): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(line)) return undefined;
  const read = Buffer.from(line, 'base64');
  return read.length === bytes && read.toString('base64') === line ? read : undefined;
}
