import { HttpFieldReader } from './http-field-reader.js';

/** A way to say who one is, as a server offers it (RFC 9110 11.6.1). */
export interface Challenge {
  /** In lower case: "basic", "digest". */
  readonly scheme: string;
  /** By name in lower case. Of a parameter that is there twice the first one counts. */
  readonly params: ReadonlyMap<string, string>;
}

/** Challenges that are looked at, and parameters of one. */
const countMax = 32;
/** Data in place of parameters, as "Negotiate" has it: not to be taken for the name of one. */
const token68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
/** A parameter begins with its name; a scheme is a token that no "=" follows. */
const paramName = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*/y;

/** The challenges of a WWW-Authenticate header, in their order, up to what is malformed. */
export function parseChallenges(value: string | undefined): Challenge[] {
  const reader = new HttpFieldReader(value ?? '');
  const challenges: Challenge[] = [];
  while (challenges.length < countMax) {
    reader.skipToElement();
    const scheme = reader.token()?.toLowerCase();
    if (scheme === undefined) break;
    reader.skipSpace();
    const params = reader.take(token68) === undefined ? readParams(reader) : new Map<string, string>();
    if (params === undefined) break;
    challenges.push({ scheme, params });
  }
  return challenges;
}

/** The parameters of an Authentication-Info header (RFC 7615), up to what is malformed. */
export function parseAuthParams(value: string | undefined): ReadonlyMap<string, string> {
  return readParams(new HttpFieldReader(value ?? '')) ?? new Map<string, string>();
}

/** Up to what is no parameter; undefined where one has no value. */
function readParams(reader: HttpFieldReader): Map<string, string> | undefined {
  const params = new Map<string, string>();
  for (let count = 0; count < countMax; count += 1) {
    reader.skipToElement();
    const name = reader.take(paramName)?.[1]?.toLowerCase();
    if (name === undefined) break;
    const text = reader.word();
    if (text === undefined) return undefined;
    if (!params.has(name)) params.set(name, text);
  }
  return params;
}
