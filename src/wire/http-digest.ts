/**
 * Digests of a whole representation in headers: `Repr-Digest` (RFC 9530) and the older `Digest` (RFC 3230). Algorithm
 * names are in lower case, digests in hex.
 */
type HeaderDigests = ReadonlyMap<string, string>;

const digestBytes: Readonly<Record<string, number>> = { md5: 16, sha: 20, 'sha-1': 20, 'sha-256': 32, 'sha-512': 64 };

/** `sha-256=:BASE64:, sha-512=:BASE64:`; entries that are malformed or of the wrong length are left out. */
export function parseReprDigest(value: string | undefined): HeaderDigests {
  const digests = new Map<string, string>();
  for (const match of (value ?? '').matchAll(/(?:^|,)\s*([a-z0-9-]+)\s*=\s*:([A-Za-z0-9+/=]*):\s*(?=,|;|$)/g)) {
    add(digests, match[1] ?? '', match[2] ?? '');
  }
  return digests;
}

/** `SHA-256=BASE64,md5=BASE64`. */
export function parseDigest(value: string | undefined): HeaderDigests {
  const digests = new Map<string, string>();
  for (const part of (value ?? '').split(',')) {
    const equals = part.indexOf('=');
    if (equals > 0) add(digests, part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  return digests;
}

function add(digests: Map<string, string>, algorithm: string, base64: string): void {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return;
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === digestBytes[algorithm]) digests.set(algorithm, bytes.toString('hex'));
}
