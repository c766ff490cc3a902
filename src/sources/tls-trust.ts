import { createHash, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';

/** Which TLS servers are believed. */
export interface TlsTrust {
  /** Certificates (PEM) in place of Node's own; undefined: Node's. */
  readonly ca: readonly string[] | undefined;
  readonly insecure: boolean;
  /** SHA-256 of public keys, base64. Where there are any, they decide alone. */
  readonly pins: readonly string[];
}

export const defaultTlsTrust: TlsTrust = { ca: undefined, insecure: false, pins: [] };

/** What the handshake has to know. */
export function tlsTrustOptions(trust: TlsTrust, host: string): ConnectionOptions {
  return {
    // An address is never sent as a server name (RFC 6066 3).
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(trust.ca === undefined ? {} : { ca: [...trust.ca] }),
    minVersion: 'TLSv1.2',
    // A pinned key is compared once the handshake is over, before a byte is sent.
    rejectUnauthorized: !trust.insecure && trust.pins.length === 0,
  };
}

/** Why this server is not one of those that are pinned; undefined where it is, or none are. */
export function pinFault(socket: TLSSocket, trust: TlsTrust, peer: string): ManygetError | undefined {
  if (trust.pins.length === 0) return undefined;
  const key = socket.getPeerX509Certificate()?.publicKey;
  const pin = key === undefined ? 'none' : keyPin(key);
  if (trust.pins.includes(pin)) return undefined;
  return new ManygetError(
    'tls-failed',
    `${peer} has the public key sha256//${pin}, which is not the one that is pinned`,
  );
}

/** SHA-256 of a public key (its SubjectPublicKeyInfo, RFC 5280), base64. */
export function keyPin(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

/** The digests in "sha256//BASE64" texts. @throws ManygetError `usage`. */
export function parsePins(texts: readonly string[]): string[] {
  return texts.map((text) => {
    const pin = /^sha256\/\/([A-Za-z0-9+/]{43}=)$/.exec(text)?.[1];
    if (pin !== undefined) return pin;
    throw new ManygetError('usage', `--pin takes sha256//BASE64 of a public key, not "${printable(text, 80)}"`);
  });
}
