import { parseHttpDate } from './http-date.js';
import type { HttpHeaders } from './http-head.js';
import { httpRequestLimits } from './http-request-limits.js';

/** The version that a server holds now, as conditions are compared with it. */
export interface CurrentVersion {
  /** All strong entity tags that name it, quotes included. */
  readonly tags: readonly string[];
  /** Whole seconds count. Undefined where its date must not be used. */
  readonly modifiedMs: number | undefined;
}

type ConditionsVerdict = 'proceed' | 'not-modified' | 'failed';

/** Judges the conditions of a GET or HEAD in the order of RFC 9110 13.2.2. Range and If-Range come after it. */
export function judgeConditions(headers: HttpHeaders, current: CurrentVersion, nowMs: number): ConditionsVerdict {
  const ifMatch = headers.get('if-match');
  if (ifMatch !== undefined) {
    if (!(listMatches(ifMatch, current, 'strong') ?? false)) return 'failed';
  } else if (isModifiedSince(headers.get('if-unmodified-since'), current, nowMs) === true) {
    return 'failed';
  }
  const ifNoneMatch = headers.get('if-none-match');
  if (ifNoneMatch !== undefined) {
    return (listMatches(ifNoneMatch, current, 'weak') ?? false) ? 'not-modified' : 'proceed';
  }
  return isModifiedSince(headers.get('if-modified-since'), current, nowMs) === false ? 'not-modified' : 'proceed';
}

/** Whether a Range header counts: no If-Range, or one that names exactly this version (RFC 9110 13.1.5). */
export function rangeApplies(headers: HttpHeaders, current: CurrentVersion, nowMs: number): boolean {
  const ifRange = headers.get('if-range');
  if (ifRange === undefined) return true;
  if (current.tags.includes(ifRange)) return true;
  if (/^(?:W\/)?"/.test(ifRange)) return false; // A weak tag never matches here.
  const dateMs = parseHttpDate(ifRange, nowMs);
  return dateMs !== undefined && current.modifiedMs !== undefined && dateMs === wholeSeconds(current.modifiedMs);
}

/**
 * Which of the current version's tags a request names, if any: the answer then carries that one, so that a client
 * which compares tags meets no second name for the version that it knows.
 */
export function namedTag(headers: HttpHeaders, tags: readonly string[]): string | undefined {
  for (const header of ['if-range', 'if-match', 'if-none-match']) {
    const value = headers.get(header);
    const named = value === undefined ? undefined : parseTags(value);
    const tag = tags.find((t) => named?.includes(t) === true || named?.includes(`W/${t}`) === true);
    if (tag !== undefined) return tag;
  }
  return undefined;
}

/** Whether one of the listed tags is the current one; undefined where the list is malformed. "*" is any version. */
function listMatches(list: string, current: CurrentVersion, compare: 'strong' | 'weak'): boolean | undefined {
  if (list.trim() === '*') return true;
  return parseTags(list)?.some((tag) => current.tags.includes(compare === 'weak' ? tag.replace(/^W\//, '') : tag));
}

/** Entity tags of a list, as sent; undefined where it is malformed or too long. */
function parseTags(list: string): string[] | undefined {
  const pattern = /[ \t]*((?:W\/)?"[\u0021\u0023-\u007e\u0080-\u00ff]*")?[ \t]*(,|$)/y;
  const tags: string[] = [];
  while (pattern.lastIndex < list.length) {
    const match = pattern.exec(list);
    if (match === null || tags.length >= httpRequestLimits.tagsMax) return undefined;
    if (match[1] !== undefined) tags.push(match[1]);
  }
  return tags;
}

/** Undefined where there is no date to compare: the condition is then ignored. */
function isModifiedSince(value: string | undefined, current: CurrentVersion, nowMs: number): boolean | undefined {
  const sinceMs = value === undefined ? undefined : parseHttpDate(value, nowMs);
  if (sinceMs === undefined || current.modifiedMs === undefined) return undefined;
  return wholeSeconds(current.modifiedMs) > sinceMs;
}

/** The second that an HTTP date can tell. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
