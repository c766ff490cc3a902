import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { globalBytes, idOf, keyIdBytes, publicKeyBytes, signedBytes } from './minisign.js';

/**
 * Secret keys in minisign's format, and what is signed with them. Asks nobody for a password and derives no key: what a
 * sealed key is opened with is handed in. The key's BLAKE2b-256 checksum is not looked at: that the public half follows
 * from the secret one shows the same, and a damaged key id only makes signatures that nobody believes.
 */

/** What has to be computed to open a sealed key: scrypt, with these figures. */
export interface KeyStretching {
  readonly salt: Uint8Array;
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  /** What scrypt takes meanwhile. */
  readonly memoryBytes: number;
}

export interface SecretKeyFile {
  /** Undefined where the key has no password. */
  readonly stretching: KeyStretching | undefined;
  readonly sealed: Uint8Array;
}

interface SigningKey {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly privateKey: KeyObject;
}

const seedBytes = 32;
const saltBytes = 32;
const checksumBytes = 32;
/** Of what may be sealed: key id, seed, public key, checksum. */
export const sealedBytes = keyIdBytes + seedBytes + publicKeyBytes + checksumBytes;
const headBytes = 2 + 2 + 2 + saltBytes + 8 + 8;
const blockSize = 8;
/** minisign's own keys take 1 GiB (N = 2^20); more than this no key needs. */
const memoryBytesMax = 2 * 1024 ** 3;
const parallelizationMax = 64;

/** The text of a secret key file; undefined where it is none that can be read. */
export function parseSecretKey(text: string): SecretKeyFile | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !/^untrusted comment:/i.test(line));
  const [line = ''] = lines;
  if (lines.length !== 1 || !/^[A-Za-z0-9+/]+={0,2}$/.test(line.trim())) return undefined;
  const bytes = Buffer.from(line, 'base64');
  if (bytes.length !== headBytes + sealedBytes || bytes.toString('latin1', 0, 2) !== 'Ed') return undefined;
  const derivation = bytes.toString('latin1', 2, 4);
  const sealed = bytes.subarray(headBytes);
  if (derivation === '\0\0') return { stretching: undefined, sealed };
  if (derivation !== 'Sc') return undefined;
  const at = 6 + saltBytes;
  const figures = scryptFigures(bytes.readBigUInt64LE(at), bytes.readBigUInt64LE(at + 8));
  return figures === undefined ? undefined : { stretching: { salt: bytes.subarray(6, at), ...figures }, sealed };
}

/**
 * libsodium's way from its two limits to scrypt's figures (crypto_pwhash_scryptsalsa208sha256, `pickparams`); undefined
 * where they would take more than this program gives.
 */
function scryptFigures(opsLimit: bigint, memLimit: bigint): Omit<KeyStretching, 'salt'> | undefined {
  if (opsLimit > BigInt(Number.MAX_SAFE_INTEGER) || memLimit > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const ops = Math.max(32_768, Number(opsLimit));
  const memory = Number(memLimit);
  const isShortOfOps = ops < memory / 32;
  const most = isShortOfOps ? ops / (blockSize * 4) : memory / (blockSize * 128);
  let log2 = 1;
  while (log2 < 63 && 2 ** log2 <= most / 2) log2 += 1;
  const cost = 2 ** log2;
  const parallelization = isShortOfOps ? 1 : Math.floor(Math.floor(ops / 4 / cost) / blockSize);
  const memoryBytes = 128 * blockSize * (cost + parallelization + 2);
  if (memoryBytes > memoryBytesMax || parallelization < 1 || parallelization > parallelizationMax) return undefined;
  return { cost, blockSize, parallelization, memoryBytes };
}

/**
 * The key itself; undefined where the password was another one, or the file is damaged.
 * @param stream What the password was stretched to, `sealedBytes` of it; undefined for a key without a password.
 */
export function openSecretKey({ sealed }: SecretKeyFile, stream: Uint8Array | undefined): SigningKey | undefined {
  const bytes = Buffer.from(sealed.map((byte, i) => byte ^ (stream?.[i] ?? 0)));
  const seed = bytes.subarray(keyIdBytes, keyIdBytes + seedBytes);
  const publicKey = bytes.subarray(keyIdBytes + seedBytes, keyIdBytes + seedBytes + publicKeyBytes);
  const [d, x] = [seed.toString('base64url'), publicKey.toString('base64url')];
  const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' });
  if (createPublicKey(privateKey).export({ format: 'jwk' }).x !== x) return undefined;
  return { id: idOf(bytes), idBytes: bytes.subarray(0, keyIdBytes), privateKey };
}

/** The text of a .minisig file for `document`, as minisign writes it. @param trustedComment One line. */
export function signatureText(document: Uint8Array, key: SigningKey, trustedComment: string): string {
  const signature = sign(null, signedBytes(document, true), key.privateKey);
  const comment = Buffer.from(trustedComment);
  const global = sign(null, globalBytes({ signature, trustedComment: comment }), key.privateKey);
  const signed = Buffer.concat([Buffer.from('ED'), key.idBytes, signature]);
  return [
    'untrusted comment: signature from a minisign secret key',
    signed.toString('base64'),
    `trusted comment: ${trustedComment}`,
    global.toString('base64'),
    '',
  ].join('\n');
}
