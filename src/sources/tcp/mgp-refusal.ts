import type { ErrorCode } from '../../base/errors.js';
import type { MgpErrorCode } from '../../wire/mgp-messages.js';

/** What an ERROR of a server is here. */
export const codeOfRefusal: Readonly<Record<MgpErrorCode, ErrorCode>> = {
  'not-found': 'not-found',
  changed: 'file-changed',
  'bad-range': 'file-changed',
  busy: 'server-busy',
  'read-failed': 'server-read-failed',
  'not-hashed': 'server-read-failed',
  unauthorized: 'unauthorized',
  violation: 'protocol-violation',
  failed: 'server-read-failed',
};
