import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';

/** What helps against a certificate that nobody known here vouches for. */
const trustIt = '; --ca-certificate names a certificate to trust, --pin the public key of this server';
/** What is wrong with a certificate that somebody vouches for, no other certificate to trust would mend. */
const pinIt = '; --pin names the public key of a server that is to be believed all the same';

const certificateCodes: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: `is self-signed${trustIt}`,
  SELF_SIGNED_CERT_IN_CHAIN: `leads to an authority that is not trusted here${trustIt}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `cannot be verified: the chain to an authority is not complete${trustIt}`,
  UNABLE_TO_GET_ISSUER_CERT: `cannot be verified: its issuer is not known${trustIt}`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: `cannot be verified: its issuer is not known here${trustIt}`,
  CERT_UNTRUSTED: `is not trusted${trustIt}`,
  CERT_HAS_EXPIRED: `has expired, if the clock of this machine is right${pinIt}`,
  CERT_NOT_YET_VALID: `is not valid yet, if the clock of this machine is right${pinIt}`,
  ERR_TLS_CERT_ALTNAME_INVALID: `is for another name${pinIt}`,
  HOSTNAME_MISMATCH: `is for another name${pinIt}`,
  CERT_REVOKED: 'is revoked',
  CERT_REJECTED: 'is rejected by who signed it',
  CERT_SIGNATURE_FAILURE: 'has a signature that is not right',
  CERT_CHAIN_TOO_LONG: 'cannot be verified: the chain to an authority is too long',
  INVALID_CA: 'is signed by one that is no authority',
  INVALID_PURPOSE: 'is not for servers',
  PATH_LENGTH_EXCEEDED: 'cannot be verified: the chain is longer than an authority allows',
};

/** What a failed TLS handshake means; undefined where the error is not one of TLS. */
export function tlsError(peer: string, error: NodeJS.ErrnoException): ManygetError | undefined {
  const about = certificateCodes[error.code ?? ''];
  if (about !== undefined) {
    const text = `the certificate of ${peer} ${about.replace(/(?=;|$)/, namesOf(error))}`;
    return new ManygetError('tls-failed', text, { cause: error });
  }
  if (!/^(?:ERR_SSL_|ERR_TLS_|EPROTO)/.test(error.code ?? '')) return undefined;
  const reason = (error as { reason?: unknown }).reason;
  const text = typeof reason === 'string' ? reason : error.message;
  return new ManygetError('tls-failed', `${peer} and this client found no way to TLS: ${text}`, { cause: error });
}

/** What the other side did that hung up on a handshake without a word, as a server without TLS may; `scheme` is that of its address then. */
export function closedInHandshake(scheme: 'mgp' | 'http'): string {
  return `closed the connection before TLS was agreed on (where it has none, its address begins with ${scheme}://)`;
}

/** The names that a certificate for another one has instead, as ` (DNS:a.example)`. */
function namesOf(error: NodeJS.ErrnoException): string {
  if (error.code !== 'ERR_TLS_CERT_ALTNAME_INVALID') return '';
  const { cert } = error as { cert?: { subjectaltname?: unknown } };
  const names = cert?.subjectaltname;
  return typeof names === 'string' && names !== '' ? ` (${printable(names, 120)})` : '';
}
