/**
 * Digests of a whole file as a server states them: `Repr-Digest` (RFC 9530) and the older `Digest` (RFC 3230). SHA-256
 * is the one that our servers know.
 */

/** The value of Repr-Digest. */
export function reprDigest(sha256Hex: string): string {
  return `sha-256=:${base64(sha256Hex)}:`;
}

/** The value of Digest. */
export function legacyDigest(sha256Hex: string): string {
  return `SHA-256=${base64(sha256Hex)}`;
}

/** Whether Want-Repr-Digest says that SHA-256 is of no use (`sha-256=0`). Without the header it is sent. */
export function declinesReprDigest(value: string | undefined): boolean {
  return /(?:^|,)\s*sha-256\s*=\s*0\s*(?:,|;|$)/i.test(value ?? '');
}

/** Whether Want-Digest asks for SHA-256, with any weight but 0. */
export function wantsLegacyDigest(value: string | undefined): boolean {
  return (value ?? '').split(',').some((part) => {
    const match = /^\s*sha-256\s*(?:;\s*q\s*=\s*([\d.]+)\s*)?$/i.exec(part);
    return match !== null && Number(match[1] ?? 1) > 0;
  });
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}
