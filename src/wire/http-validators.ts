import { parseHttpDate } from './http-date.js';
import type { HttpHeaders } from './http-head.js';

/** What an answer says of the version that its bytes are of. */
export interface Validators {
  /** Entity tag as sent, quotes and `W/` included. */
  readonly etag: string | undefined;
  readonly lastModifiedMs: number | undefined;
  /** As sent, for If-Range. */
  readonly lastModified: string | undefined;
  /** The date is old enough against the answer's own Date to stand for one version (RFC 9110 8.8.2.2). */
  readonly dateIsStrong: boolean;
}

export const noValidators: Validators = {
  etag: undefined,
  lastModifiedMs: undefined,
  lastModified: undefined,
  dateIsStrong: false,
};

/** A file may change twice within the second that a date can tell; a minute is the RFC's own margin. */
const strongDateAgeMs = 60_000;

export function readValidators(headers: HttpHeaders): Validators {
  const etag = headers.get('etag');
  const lastModified = headers.get('last-modified');
  const lastModifiedMs = lastModified === undefined ? undefined : parseHttpDate(lastModified);
  const dateMs = parseHttpDate(headers.get('date') ?? '');
  return {
    etag: etag !== undefined && /^(?:W\/)?"[^"]*"$/.test(etag) ? etag : undefined,
    lastModifiedMs,
    lastModified: lastModifiedMs === undefined ? undefined : lastModified,
    dateIsStrong: lastModifiedMs !== undefined && dateMs !== undefined && dateMs - lastModifiedMs >= strongDateAgeMs,
  };
}

function isStrong(etag: string | undefined): etag is string {
  return etag !== undefined && !etag.startsWith('W/');
}

/** What to send as If-Range so that another version is noticed; undefined where nothing known is strong enough. */
export function ifRangeValue(known: Validators): string | undefined {
  if (isStrong(known.etag)) return known.etag;
  return known.etag === undefined && known.dateIsStrong ? known.lastModified : undefined;
}

/**
 * Whether two answers are of the same version: `same` where a strong tag says so, `other` where something contradicts,
 * `unknown` where nothing strong was said. A tag decides alone; dates differ between the nodes of one site.
 */
export function compareVersions(known: Validators, seen: Validators): 'same' | 'other' | 'unknown' {
  if (known.etag !== undefined && seen.etag !== undefined) {
    if (isStrong(known.etag) && isStrong(seen.etag)) return known.etag === seen.etag ? 'same' : 'other';
    return known.etag.replace(/^W\//, '') === seen.etag.replace(/^W\//, '') ? 'unknown' : 'other';
  }
  if (known.lastModifiedMs !== undefined && seen.lastModifiedMs !== undefined) {
    return known.lastModifiedMs === seen.lastModifiedMs ? 'unknown' : 'other';
  }
  return 'unknown';
}

/** In words, for an error message. */
export function describeVersion(v: Validators): string {
  if (v.etag !== undefined) return `ETag ${v.etag}`;
  return v.lastModified === undefined ? 'no validator' : `Last-Modified ${v.lastModified}`;
}
