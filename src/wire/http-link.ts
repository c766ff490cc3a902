import { parseHashName, type HashAlgorithm } from '../base/hash-algorithm.js';
import { lowestPriority } from '../base/manifest.js';
import { parseDigest, parseReprDigest } from './http-digest.js';
import { HttpFieldReader } from './http-field-reader.js';
import type { HttpHeaders } from './http-head.js';

/**
 * The Link header (RFC 8288), and what RFC 6249 says with it of a file: where else it is, and what describes it. Read
 * strictly: a line that is malformed anywhere says nothing.
 */

/** One link. Names of parameters are in lower case; of a parameter that is there twice the first one counts. */
interface WebLink {
  /** As written between the angle brackets: perhaps relative. */
  readonly target: string;
  /** Relation types, in lower case. */
  readonly rels: readonly string[];
  /** A parameter without a value has an empty one. */
  readonly params: ReadonlyMap<string, string>;
}

export const linkLimits = {
  /** Links that are looked at, of all lines together. */
  linksMax: 256,
  targetCharsMax: 4096,
} as const;

// eslint-disable-next-line no-control-regex -- these are the very characters that a target must not hold
const target = /<([^\u0000-\u0020<>"{}|\\^`\u007f-\uffff]*)>/y;

/** The links of some Link header lines, in their order. */
export function parseLinks(lines: readonly string[]): WebLink[] {
  const links: WebLink[] = [];
  for (const line of lines) links.push(...(readLine(line) ?? []));
  return links.slice(0, linkLimits.linksMax);
}

/** Undefined where the line is malformed. */
function readLine(line: string): WebLink[] | undefined {
  const reader = new HttpFieldReader(line);
  const links: WebLink[] = [];
  for (;;) {
    reader.skipToElement();
    if (reader.isAtEnd) return links;
    const link = readLink(reader);
    if (link === undefined) return undefined;
    links.push(link);
    reader.skipSpace();
    if (!reader.isAtEnd && !reader.is(',')) return undefined;
  }
}

function readLink(reader: HttpFieldReader): WebLink | undefined {
  const to = reader.take(target)?.[1];
  if (to === undefined || to.length > linkLimits.targetCharsMax) return undefined;
  const params = new Map<string, string>();
  for (;;) {
    reader.skipSpace();
    if (!reader.is(';')) break;
    reader.skipSpace();
    const name = reader.token()?.toLowerCase();
    // "<a>;" and "<a>; ;b" are allowed: a parameter may be missing.
    if (name === undefined) continue;
    const value = readValue(reader);
    if (value === undefined) return undefined;
    if (!params.has(name)) params.set(name, value);
  }
  const rels = (params.get('rel') ?? '').toLowerCase().split(/[ \t]+/);
  return { target: to, rels: rels.filter((rel) => rel !== ''), params };
}

/** What is behind a parameter's name; undefined where that is malformed. */
function readValue(reader: HttpFieldReader): string | undefined {
  reader.skipSpace();
  if (!reader.is('=')) return '';
  reader.skipSpace();
  return reader.word();
}

/** Another address of the same file. */
interface DuplicateLink {
  readonly url: URL;
  /** 1 to 999,999; lower is better. */
  readonly priority: number;
  /** Country code of the server, in lower case. */
  readonly location: string | undefined;
  /** It is to be used before those that are not, whatever their priority. */
  readonly isPreferred: boolean;
  /** So many folders above the file are the same on that server, too. */
  readonly depth: number | undefined;
}

/** What the headers of an answer publish of the file. */
interface FilePublication {
  /** Best first. */
  readonly duplicates: readonly DuplicateLink[];
  /** A Metalink of it. */
  readonly manifest: URL | undefined;
  /** It has the SHA-256 of pieces of so many bytes: a promise of our own servers (docs/http-server.md). */
  readonly manifestPieceBytes: number | undefined;
}

/** The type of a Metalink, 4 or 3. */
export function isMetalinkType(contentType: string | undefined): boolean {
  return /^\s*application\/metalink(?:4)?\+xml\s*(?:;|$)/i.test(contentType ?? '');
}

/** Reads what the links in `headers`, of an answer of `at`, say (RFC 6249). Those about something else are left out. */
export function readPublication(headers: HttpHeaders, at: URL): FilePublication {
  const duplicates: DuplicateLink[] = [];
  let manifest: URL | undefined;
  let manifestPieceBytes: number | undefined;
  for (const link of parseLinks(headers.all('link'))) {
    const anchor = link.params.get('anchor');
    if (anchor !== undefined && urlOf(anchor, at)?.href !== at.href) continue;
    const url = urlOf(link.target, at);
    if (url === undefined || url.href === at.href) continue;
    if (link.rels.includes('duplicate')) duplicates.push(duplicateOf(url, link.params));
    // The type says which of several descriptions is meant: signatures come under the same relation.
    if (manifest === undefined && link.rels.includes('describedby') && isMetalinkType(link.params.get('type'))) {
      manifest = url;
      manifestPieceBytes = wholeNumber(link.params.get('piece-length'), 10);
    }
  }
  const order = (link: DuplicateLink): number => link.priority - (link.isPreferred ? lowestPriority : 0);
  duplicates.sort((a, b) => order(a) - order(b));
  return { duplicates, manifest, manifestPieceBytes };
}

function duplicateOf(url: URL, params: ReadonlyMap<string, string>): DuplicateLink {
  const priority = wholeNumber(params.get('pri'));
  const location = params.get('geo')?.toLowerCase();
  return {
    url,
    priority: priority === undefined || priority < 1 || priority > lowestPriority ? lowestPriority : priority,
    location: location !== undefined && /^[a-z]{2}$/.test(location) ? location : undefined,
    isPreferred: params.has('pref'),
    depth: wholeNumber(params.get('depth')),
  };
}

function wholeNumber(text: string | undefined, digitsMax = 6): number | undefined {
  return text !== undefined && text.length <= digitsMax && /^\d+$/.test(text) ? Number(text) : undefined;
}

function urlOf(text: string, base: URL): URL | undefined {
  if (!URL.canParse(text, base.href)) return undefined;
  const url = new URL(text, base);
  url.hash = '';
  // A login in a header is somebody else's idea of who we are.
  url.username = '';
  url.password = '';
  return url;
}

/** Digests of the whole file that `headers` state (RFC 9530, 3230), in hex. */
export function readHashes(headers: HttpHeaders): Readonly<Partial<Record<HashAlgorithm, string>>> {
  const hashes: Partial<Record<HashAlgorithm, string>> = {};
  for (const digests of [parseReprDigest(headers.get('repr-digest')), parseDigest(headers.get('digest'))]) {
    for (const [name, hex] of digests) {
      const algorithm = name === 'sha' ? 'sha1' : parseHashName(name);
      if (algorithm !== undefined) hashes[algorithm] ??= hex;
    }
  }
  return hashes;
}
