import { ManygetError } from '../base/errors.js';

const certificateCodes: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'leads to an authority that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'cannot be verified: the chain to an authority is not complete',
  UNABLE_TO_GET_ISSUER_CERT: 'cannot be verified: its issuer is not known',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'cannot be verified: its issuer is not known here',
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for another name',
  CERT_REVOKED: 'is revoked',
  CERT_UNTRUSTED: 'is not trusted',
  HOSTNAME_MISMATCH: 'is for another name',
};

/** What a failed TLS handshake means; undefined where the error is not one of TLS. */
export function tlsError(peer: string, error: NodeJS.ErrnoException): ManygetError | undefined {
  const about = certificateCodes[error.code ?? ''];
  if (about !== undefined) {
    const text = `the certificate of ${peer} ${about}; --ca-certificate names an authority to trust`;
    return new ManygetError('tls-failed', text, { cause: error });
  }
  if (!/^(?:ERR_SSL_|ERR_TLS_|EPROTO)/.test(error.code ?? '')) return undefined;
  const reason = (error as { reason?: unknown }).reason;
  const text = typeof reason === 'string' ? reason : error.message;
  return new ManygetError('tls-failed', `${peer} and this client found no way to TLS: ${text}`, { cause: error });
}
