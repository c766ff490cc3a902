import { ManygetError, type ErrorCode } from '../../base/errors.js';

const byErrno: Readonly<Record<string, { code: ErrorCode; says: string }>> = {
  ECONNREFUSED: { code: 'connect-refused', says: 'refused the connection: nothing listens there' },
  ENOTFOUND: { code: 'dns-failed', says: 'is not known to the name servers' },
  EAI_AGAIN: { code: 'dns-failed', says: 'could not be looked up: no name server answers' },
  ETIMEDOUT: { code: 'connect-timeout', says: 'did not answer' },
  ECONNRESET: { code: 'connection-lost', says: 'reset the connection' },
  EPIPE: { code: 'connection-lost', says: 'closed the connection' },
  EHOSTUNREACH: { code: 'connect-failed', says: 'cannot be reached: no route to the host' },
  ENETUNREACH: { code: 'connect-failed', says: 'cannot be reached: no route to its network' },
};

/** What a socket's error means for the source at `peer`. */
export function socketError(peer: string, error: NodeJS.ErrnoException, connected: boolean): ManygetError {
  const known = byErrno[error.code ?? ''];
  if (known !== undefined) return new ManygetError(known.code, `${peer} ${known.says}`, { cause: error });
  const code = connected ? 'connection-lost' : 'connect-failed';
  return new ManygetError(code, `${peer}: ${error.message}`, { cause: error });
}
