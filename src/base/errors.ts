import { messageOf } from './message-of.js';

/**
 * Every error that manyget reports. A code is API: scripts match on it, `docs/errors.md` explains it, and its exit
 * status follows from this table alone. A message is one sentence that names what was expected, what was received,
 * and where.
 *
 * Scopes: an error of a `source` ends at most that source's part in a download; of a `piece`, that piece is fetched
 * again; of a `download`, the download stops, with its state kept; of a `server`, that server of a fleet; `usage` is
 * what the caller asked for.
 */
export type ErrorScope = 'source' | 'piece' | 'download' | 'server' | 'usage';

/** What follows from a code alone. */
export interface ErrorFacts {
  readonly scope: ErrorScope;
  /** What the command exits with when this error ends it; aria2's numbers where that tool has the same case. */
  readonly exitStatus: number;
}

/** Every code, with what follows from it. */
export const errorTable = {
  // What a source does. None of these alone ends a download.
  'dns-failed': { scope: 'source', exitStatus: 19 },
  'connect-refused': { scope: 'source', exitStatus: 6 },
  'connect-failed': { scope: 'source', exitStatus: 6 },
  'connect-timeout': { scope: 'source', exitStatus: 2 },
  'connection-lost': { scope: 'source', exitStatus: 6 },
  'source-silent': { scope: 'source', exitStatus: 2 },
  'server-closed': { scope: 'source', exitStatus: 6 },
  'server-busy': { scope: 'source', exitStatus: 29 },
  'server-read-failed': { scope: 'source', exitStatus: 6 },
  'not-mgp': { scope: 'source', exitStatus: 6 },
  'protocol-violation': { scope: 'source', exitStatus: 6 },
  'version-unsupported': { scope: 'source', exitStatus: 6 },
  'not-found': { scope: 'source', exitStatus: 3 },
  unauthorized: { scope: 'source', exitStatus: 24 },
  'not-http': { scope: 'source', exitStatus: 6 },
  'tls-failed': { scope: 'source', exitStatus: 6 },
  'proxy-failed': { scope: 'source', exitStatus: 6 },
  'http-unauthorized': { scope: 'source', exitStatus: 24 },
  'http-forbidden': { scope: 'source', exitStatus: 22 },
  'http-status': { scope: 'source', exitStatus: 22 },
  'http-server-error': { scope: 'source', exitStatus: 22 },
  'http-redirect': { scope: 'source', exitStatus: 23 },
  'http-range': { scope: 'source', exitStatus: 22 },
  'http-content': { scope: 'source', exitStatus: 22 },
  'file-changed': { scope: 'source', exitStatus: 33 },
  'size-differs': { scope: 'source', exitStatus: 33 },
  'content-differs': { scope: 'source', exitStatus: 33 },
  'piece-corrupt': { scope: 'piece', exitStatus: 32 },
  // What ends a download; its state is kept.
  'no-source': { scope: 'download', exitStatus: 6 },
  'file-not-found': { scope: 'download', exitStatus: 3 },
  'gave-up': { scope: 'download', exitStatus: 7 },
  'sources-disagree': { scope: 'download', exitStatus: 34 },
  'verification-failed': { scope: 'download', exitStatus: 32 },
  aborted: { scope: 'download', exitStatus: 130 },
  'output-exists': { scope: 'download', exitStatus: 13 },
  'output-folder-missing': { scope: 'download', exitStatus: 16 },
  'output-not-writable': { scope: 'download', exitStatus: 16 },
  'output-in-use': { scope: 'download', exitStatus: 11 },
  'disk-full': { scope: 'download', exitStatus: 9 },
  'output-closed': { scope: 'download', exitStatus: 141 },
  'io-failed': { scope: 'download', exitStatus: 17 },
  'journal-other-file': { scope: 'download', exitStatus: 8 },
  'journal-version': { scope: 'download', exitStatus: 8 },
  'engine-lost': { scope: 'download', exitStatus: 1 },
  // What describes a download before it begins: manifests, checksum files, input files.
  'is-manifest': { scope: 'usage', exitStatus: 26 },
  'manifest-malformed': { scope: 'usage', exitStatus: 26 },
  'manifest-refused': { scope: 'usage', exitStatus: 26 },
  'manifest-unreadable': { scope: 'usage', exitStatus: 3 },
  'signature-missing': { scope: 'usage', exitStatus: 35 },
  'signature-wrong': { scope: 'usage', exitStatus: 35 },
  // The serving side.
  'nothing-to-serve': { scope: 'server', exitStatus: 3 },
  'port-in-use': { scope: 'server', exitStatus: 40 },
  'listen-failed': { scope: 'server', exitStatus: 40 },
  // The daemon and those who talk to it.
  'daemon-running': { scope: 'usage', exitStatus: 11 },
  'daemon-absent': { scope: 'usage', exitStatus: 6 },
  'daemon-refused': { scope: 'usage', exitStatus: 24 },
  'gid-unknown': { scope: 'usage', exitStatus: 3 },
  'fleet-unknown': { scope: 'usage', exitStatus: 3 },
  'state-conflict': { scope: 'usage', exitStatus: 28 },
  // The caller.
  usage: { scope: 'usage', exitStatus: 28 },
  unexpected: { scope: 'download', exitStatus: 1 },
} as const satisfies Record<string, ErrorFacts>;

/** Stable: scripts may match on it. */
export type ErrorCode = keyof typeof errorTable;

/** The one error class that crosses manyget's interfaces. The original error, where there is one, is its `cause`. */
export class ManygetError extends Error {
  override readonly name = 'ManygetError';
  readonly code: ErrorCode;
  /** The source asks not to be tried again for this long. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly retryAfterMs?: number | undefined },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs;
  }

  get scope(): ErrorScope {
    return errorTable[this.code].scope;
  }

  get exitStatus(): number {
    return errorTable[this.code].exitStatus;
  }
}

/** `error` as a ManygetError: itself, or wrapped under `code` with the sentence `${context}: ${its message}`. */
export function asManygetError(error: unknown, code: ErrorCode = 'unexpected', context?: string): ManygetError {
  if (error instanceof ManygetError) return error;
  const text = messageOf(error);
  return new ManygetError(code, context === undefined ? text : `${context}: ${text}`, { cause: error });
}
