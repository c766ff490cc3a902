import { rangeBytes } from '../base/byte-range.js';
import type { ErrorCode } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { parseChallenges } from './http-challenge.js';
import type { BodyFraming, HttpHead, HttpHeaders } from './http-head.js';
import { parseContentRange, parseUnsatisfiedRange } from './http-range.js';
import { compareVersions, describeVersion, readValidators, type Validators } from './http-validators.js';

/**
 * The meaning of an answer to a request for a range: the range matrix of `docs/http.md`, as one pure function. Never
 * guesses: a byte is used only where the answer says which byte of which version it is.
 */

export interface AskedRange {
  /** [start, end) of the file; end undefined: no Range header was sent, the whole file was asked for. */
  readonly start: number;
  readonly end: number | undefined;
  /** If-Range was sent. */
  readonly conditional: boolean;
  /** Somebody's login went with it. */
  readonly showsLogin?: boolean | undefined;
}

/** What is known of the file from earlier answers of the same source. */
export interface KnownFile {
  readonly sizeBytes: number | undefined;
  readonly validators: Validators;
}

export type Answer =
  /** The body is the file's bytes from `start` on, up to `end` (undefined: to wherever the body ends). */
  | {
      readonly kind: 'bytes';
      readonly start: number;
      readonly end: number | undefined;
      readonly totalBytes: number | undefined;
      /** A 200: the server sent the whole file. */
      readonly whole: boolean;
      /** A 200 to If-Range although the version is the one that was named. */
      readonly ifRangeIgnored: boolean;
      readonly validators: Validators;
    }
  /** The range is inside of a multipart body with this boundary. */
  | { readonly kind: 'multipart'; readonly boundary: string; readonly validators: Validators }
  /** There is no byte in the asked range: the file has `totalBytes` (undefined: not said). */
  | { readonly kind: 'unsatisfied'; readonly totalBytes: number | undefined }
  | { readonly kind: 'redirect'; readonly location: string | undefined }
  | { readonly kind: 'busy'; readonly retryAfter: string | undefined }
  | { readonly kind: 'changed'; readonly text: string }
  /** Useless, with the code and the half sentence that says why. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly text: string };

/** Judges the head of an answer to a GET. */
export function judgeAnswer(asked: AskedRange, known: KnownFile, head: HttpHead, framing: BodyFraming): Answer {
  const { status, headers } = head;
  if (status === 206 || status === 200) {
    const coding = headers.get('content-encoding')?.trim().toLowerCase();
    if (coding !== undefined && coding !== '' && coding !== 'identity') {
      return refused('http-content', `sends the file in the coding "${printable(coding, 40)}", not the file itself`);
    }
    return status === 206 ? judgePart(asked, known, head, framing) : judgeWhole(asked, known, head, framing);
  }
  if (status === 301 || status === 302 || status === 303 || status === 307 || status === 308) {
    return { kind: 'redirect', location: headers.get('location') };
  }
  if (status === 416) return { kind: 'unsatisfied', totalBytes: parseUnsatisfiedRange(headers.get('content-range')) };
  if (status === 412) return { kind: 'changed', text: 'has another version of the file now: it answered 412' };
  if (status === 429 || status === 503) return { kind: 'busy', retryAfter: headers.get('retry-after') };
  const text = `answered ${status} ${printable(head.reason, 60)}`.trimEnd();
  return refused(codeOfStatus(status), status === 401 ? text + wantedLogin(asked, headers) : text);
}

function judgePart(asked: AskedRange, known: KnownFile, head: HttpHead, framing: BodyFraming): Answer {
  const { headers } = head;
  const validators = readValidators(headers);
  const version = compareVersions(known.validators, validators);
  if (version === 'other') return changed(known.validators, validators);
  const stated = headers.get('content-range');
  if (stated === undefined) {
    const boundary = multipartBoundary(headers.get('content-type'));
    if (boundary !== undefined) return { kind: 'multipart', boundary, validators };
    return refused('http-range', 'answered 206 without Content-Range: which bytes these are is not said');
  }
  if (asked.end === undefined) return refused('http-range', 'answered 206 although no range was asked for');
  const range = parseContentRange(stated);
  if (range === undefined) return refused('http-range', `sent the Content-Range "${printable(stated, 60)}"`);
  if (framing.kind === 'length' && framing.bytes !== rangeBytes(range)) {
    return refused('http-range', `sent ${framing.bytes} bytes under the Content-Range "${printable(stated, 60)}"`);
  }
  const outside = checkPart(asked, known, range, version === 'same');
  if (outside !== undefined) return outside;
  const { start, end, totalBytes } = range;
  return { kind: 'bytes', start, end, totalBytes, whole: false, ifRangeIgnored: false, validators };
}

/** The rules for a part; undefined where nothing is wrong with it. */
function checkPart(
  asked: AskedRange,
  known: KnownFile,
  range: { readonly start: number; readonly end: number; readonly totalBytes: number | undefined },
  isSameVersion: boolean,
): Answer | undefined {
  const { totalBytes } = range;
  if (range.start > asked.start || range.end <= asked.start) {
    return refused(
      'http-range',
      `sent bytes ${range.start} to ${range.end}, expected them from ${asked.start} to ${asked.end ?? 'the end'}`,
    );
  }
  if (known.sizeBytes === undefined) return undefined;
  if (range.end > known.sizeBytes) {
    return { kind: 'changed', text: `sends bytes up to ${range.end} of a file that had ${known.sizeBytes}` };
  }
  // The length of the part in place of the file's: a slip that says nothing of the file, but nothing to trust either.
  if (!isSameVersion && totalBytes === rangeBytes(range) && totalBytes < known.sizeBytes) {
    return refused('http-range', `states the length of the part, ${totalBytes}, as the size of the file`);
  }
  // A wrong total beside the right strong tag is the server's slip: the bytes are those of the version that is wanted.
  if (totalBytes !== undefined && totalBytes !== known.sizeBytes && !isSameVersion) {
    return { kind: 'changed', text: `states a size of ${totalBytes} bytes now, expected ${known.sizeBytes}` };
  }
  return undefined;
}

function judgeWhole(asked: AskedRange, known: KnownFile, head: HttpHead, framing: BodyFraming): Answer {
  const validators = readValidators(head.headers);
  const version = compareVersions(known.validators, validators);
  if (version === 'other') return changed(known.validators, validators);
  const totalBytes = framing.kind === 'length' ? framing.bytes : undefined;
  if (known.sizeBytes !== undefined && totalBytes !== undefined && totalBytes !== known.sizeBytes) {
    return { kind: 'changed', text: `sends a file of ${totalBytes} bytes now, expected ${known.sizeBytes}` };
  }
  const ifRangeIgnored = asked.conditional && (version === 'same' || isSameDate(known.validators, validators));
  if (asked.conditional && !ifRangeIgnored) return changed(known.validators, validators);
  return { kind: 'bytes', start: 0, end: totalBytes, totalBytes, whole: true, ifRangeIgnored, validators };
}

function isSameDate(known: Validators, seen: Validators): boolean {
  return known.etag === undefined && seen.lastModifiedMs !== undefined && known.lastModifiedMs === seen.lastModifiedMs;
}

function changed(known: Validators, seen: Validators): Answer {
  const text = `has another version of the file now: ${describeVersion(seen)}, expected ${describeVersion(known)}`;
  return { kind: 'changed', text: printable(text) };
}

function refused(code: ErrorCode, text: string): Answer {
  return { kind: 'refused', code, text };
}

/** What a server that wants to know who asks would take. */
function wantedLogin({ showsLogin }: AskedRange, headers: HttpHeaders): string {
  if (showsLogin === true) return ': it does not accept the login that it was given';
  const schemes = new Set(parseChallenges(headers.get('www-authenticate')).map(({ scheme }) => scheme));
  return schemes.size === 0 ? '' : `: it wants a login by ${printable([...schemes].join(' or '), 60)}`;
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 404 || status === 410) return 'not-found';
  if (status === 401 || status === 407) return 'http-unauthorized';
  if (status === 403) return 'http-forbidden';
  return status >= 500 ? 'http-server-error' : 'http-status';
}

/** The boundary of `multipart/byteranges; boundary=x`. */
function multipartBoundary(contentType: string | undefined): string | undefined {
  const match = /^multipart\/byteranges\s*;.*?\bboundary=(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType ?? '');
  return match?.[1] ?? match?.[2];
}

const pageNames: ReadonlySet<string> = new Set(
  'htm html xhtml shtml xht mht php php5 phtml asp aspx jsp jspx do cgi pl cfm md'.split(' '),
);

/**
 * True where an answer is a web page although the name that was asked for is of something else: an error page, a
 * login, a captcha under status 200.
 */
export function isPageInstead(contentType: string | undefined, name: string): boolean {
  if (!/^(?:text\/html|application\/xhtml\+xml)\b/i.test(contentType?.trim() ?? '')) return false;
  const extension = /\.([a-z0-9]{1,12})$/i.exec(name)?.[1]?.toLowerCase();
  return extension !== undefined && !pageNames.has(extension);
}
