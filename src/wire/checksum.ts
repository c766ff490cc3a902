import { ManygetError } from '../base/errors.js';
import { hashAlgorithms, parseHashName, parseHexDigest, type HashAlgorithm } from '../base/hash-algorithm.js';
import type { FileHashes } from '../base/manifest.js';
import { printable } from '../base/printable.js';

/** A whole file's hash as somebody published it. */
export interface Checksum {
  readonly algorithm: HashAlgorithm;
  /** Lower-case hex. */
  readonly hex: string;
}

/**
 * "sha-256=HEX" as aria2 writes it, and "sha256:HEX" as web pages do.
 * @param where What the text was given to, for the message: "--checksum".
 * @throws ManygetError `usage`.
 */
export function parseChecksum(text: string, where: string): Checksum {
  const match = /^\s*([\w-]+)\s*[=:]\s*(\S+)\s*$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new ManygetError('usage', `${where} takes TYPE=HEX as in sha-256=9f86…, not "${printable(text, 100)}"`);
  }
  const algorithm = parseHashName(match[1]);
  if (algorithm === undefined) {
    const known = Object.values(hashAlgorithms).map((facts) => facts.ianaName);
    throw new ManygetError('usage', `${where} takes one of ${known.join(', ')}, not "${printable(match[1], 40)}"`);
  }
  const hex = parseHexDigest(algorithm, match[2]);
  if (hex !== undefined) return { algorithm, hex };
  const { ianaName, bytes } = hashAlgorithms[algorithm];
  throw new ManygetError(
    'usage',
    `${where} has a ${ianaName} of "${printable(match[2], 160)}", expected ${bytes * 2} hexadecimal digits`,
  );
}

/**
 * All that is known of one file's hashes together.
 * @throws ManygetError `manifest-refused`: two hashes of one type differ, so that no file can have both.
 */
export function joinHashes(known: FileHashes, more: readonly Checksum[], where: string): FileHashes {
  const joined: Partial<Record<HashAlgorithm, string>> = { ...known };
  for (const { algorithm, hex } of more) {
    const other = joined[algorithm];
    if (other !== undefined && other !== hex) {
      throw new ManygetError(
        'manifest-refused',
        `${where} says that the ${hashAlgorithms[algorithm].ianaName} is ${hex}, which was given as ${other} before`,
      );
    }
    joined[algorithm] = hex;
  }
  return joined;
}
