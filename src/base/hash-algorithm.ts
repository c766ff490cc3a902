/** Hash functions that published files are checked with; the names are those of node:crypto. */
export type HashAlgorithm = 'sha512' | 'sha384' | 'sha256' | 'sha224' | 'sha1' | 'md5';

interface AlgorithmFacts {
  /** As in IANA's registry of hash function names (RFC 5854 and others use them). */
  readonly ianaName: string;
  readonly bytes: number;
}

/** The strongest first. */
export const hashAlgorithms = {
  sha512: { ianaName: 'sha-512', bytes: 64 },
  sha384: { ianaName: 'sha-384', bytes: 48 },
  sha256: { ianaName: 'sha-256', bytes: 32 },
  sha224: { ianaName: 'sha-224', bytes: 28 },
  sha1: { ianaName: 'sha-1', bytes: 20 },
  md5: { ianaName: 'md5', bytes: 16 },
} as const satisfies Record<HashAlgorithm, AlgorithmFacts>;

export const strongestFirst = Object.keys(hashAlgorithms) as readonly HashAlgorithm[];

/** The algorithm that `name` means ("sha-256", "SHA256", "sha2-256"); undefined for one that is not known. */
export function parseHashName(name: string): HashAlgorithm | undefined {
  const plain = name
    .toLowerCase()
    .replace(/^sha2-/, 'sha')
    .replace('-', '');
  return strongestFirst.find((algorithm) => algorithm === plain);
}

/** The algorithm whose digests are of `bytes` bytes. */
export function algorithmOfBytes(bytes: number): HashAlgorithm | undefined {
  return strongestFirst.find((algorithm) => hashAlgorithms[algorithm].bytes === bytes);
}

/** `text` in lower case, where it is a digest of `algorithm` in hex. */
export function parseHexDigest(algorithm: HashAlgorithm, text: string): string | undefined {
  const hex = text.toLowerCase();
  return hex.length === hashAlgorithms[algorithm].bytes * 2 && /^[0-9a-f]+$/.test(hex) ? hex : undefined;
}
