import { ManygetError } from '../base/errors.js';
import { algorithmOfBytes, parseHashName, parseHexDigest } from '../base/hash-algorithm.js';
import { lastPart } from '../base/last-part.js';
import { printable } from '../base/printable.js';
import type { Checksum } from './checksum.js';
import { textLines } from './text-lines.js';

/**
 * Files like SHA256SUMS: what sha256sum, md5sum and their kin write, with GNU's lines ("HEX  name", "HEX *name"), BSD's
 * ("HEX name", "SHA256 (name) = HEX") and openssl's, GNU's escapes, and a lone digest without a name. A signature around the
 * lines (OpenPGP) is passed over, not checked.
 */
export const checksumFileLimits = { bytesMax: 16 * 1024 * 1024, lineCharsMax: 16 * 1024 } as const;

interface ChecksumLine extends Checksum {
  /** As written; compared, never used as a path. Undefined where the file holds a digest alone. */
  readonly name: string | undefined;
}

export interface ChecksumFile {
  readonly lines: readonly ChecksumLine[];
  /** Lines that say nothing known. */
  readonly ignoredLines: number;
}

/**
 * @param origin What the file is, for messages: a path or an address.
 * @throws ManygetError `manifest-malformed` or `manifest-refused`.
 */
export function parseChecksumFile(bytes: Uint8Array, origin: string): ChecksumFile {
  const where = `checksum file "${printable(origin)}"`;
  const lines: ChecksumLine[] = [];
  let ignoredLines = 0;
  for (const line of signedText(textLines(bytes, where, checksumFileLimits.bytesMax))) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const parsed = line.length > checksumFileLimits.lineCharsMax ? undefined : parseLine(line);
    if (parsed === undefined) ignoredLines += 1;
    else lines.push(parsed);
  }
  if (lines.length > 0) return { lines, ignoredLines };
  throw new ManygetError('manifest-malformed', `${where} holds no line like "HEX  name" or "SHA256 (name) = HEX"`);
}

/**
 * The checksums of the file called `name`: by its full name, else by its last part alone.
 * @throws ManygetError `manifest-refused`: the file is not listed, or listed with different digests.
 */
export function checksumsOf(file: ChecksumFile, name: string, origin: string): Checksum[] {
  const where = `checksum file "${printable(origin)}"`;
  const full = file.lines.filter((line) => line.name !== undefined && plainName(line.name) === plainName(name));
  const last = file.lines.filter((line) => line.name !== undefined && lastPart(line.name) === lastPart(name));
  const lone = file.lines.length === 1 && file.lines[0]?.name === undefined ? file.lines : [];
  const found = full.length > 0 ? full : last.length > 0 ? last : lone;
  if (found.length === 0) {
    throw new ManygetError('manifest-refused', `${where} does not list "${printable(name)}"`);
  }
  const distinct = new Map<string, Checksum>();
  for (const { algorithm, hex } of found) {
    if ((distinct.get(algorithm)?.hex ?? hex) !== hex) {
      throw new ManygetError('manifest-refused', `${where} lists "${printable(name)}" with different digests`);
    }
    distinct.set(algorithm, { algorithm, hex });
  }
  return [...distinct.values()];
}

function parseLine(line: string): ChecksumLine | undefined {
  return parseGnu(line) ?? parseBsd(line) ?? parseLone(line);
}

/** "HEX  name", "HEX *name" (binary), or as BSD's `md5 -r` has it "HEX name"; with a leading "\" the name is escaped. */
function parseGnu(line: string): ChecksumLine | undefined {
  const match = /^[ \t]*(\\?)([0-9a-f]+)(?: [ *]|[ \t])(.*\S.*)$/i.exec(line);
  if (match?.[2] === undefined || match[3] === undefined) return undefined;
  const checksum = digestOf(match[2]);
  const name = match[1] === '\\' ? unescaped(match[3]) : match[3];
  return checksum === undefined || name === undefined ? undefined : { ...checksum, name };
}

/** "SHA256 (name) = HEX" of BSD and sha256sum --tag, "SHA2-256(name)= HEX" of openssl. */
function parseBsd(line: string): ChecksumLine | undefined {
  const match = /^(\\?)([\w-]+) ?\((.+)\) ?= ?([0-9a-f]+)\s*$/i.exec(line);
  if (match?.[2] === undefined || match[3] === undefined || match[4] === undefined) return undefined;
  const algorithm = parseHashName(match[2]);
  const hex = algorithm === undefined ? undefined : parseHexDigest(algorithm, match[4]);
  const name = match[1] === '\\' ? unescaped(match[3]) : match[3];
  if (algorithm === undefined || hex === undefined || name === undefined) return undefined;
  return { algorithm, hex, name };
}

function parseLone(line: string): ChecksumLine | undefined {
  const checksum = digestOf(line.trim());
  return checksum === undefined ? undefined : { ...checksum, name: undefined };
}

function digestOf(hex: string): Checksum | undefined {
  const algorithm = algorithmOfBytes(hex.length / 2);
  const digest = algorithm === undefined ? undefined : parseHexDigest(algorithm, hex);
  return algorithm === undefined || digest === undefined ? undefined : { algorithm, hex: digest };
}

const escapes: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\r': '\r' };

/** GNU's escapes undone; undefined for one that does not exist. */
function unescaped(name: string): string | undefined {
  if (/\\(?![\\nr])/.test(name.replaceAll('\\\\', ''))) return undefined;
  return name.replace(/\\[\\nr]/g, (escape) => escapes[escape] ?? escape);
}

function plainName(name: string): string {
  return name.replace(/^(\.\/)+/, '');
}

/** The lines within OpenPGP's cleartext armour (RFC 9580, 7), where there is one; else all of them. */
function signedText(lines: readonly string[]): readonly string[] {
  const begin = lines.indexOf('-----BEGIN PGP SIGNED MESSAGE-----');
  if (begin < 0) return lines;
  const blank = lines.indexOf('', begin);
  const signature = lines.indexOf('-----BEGIN PGP SIGNATURE-----', begin);
  const inner = lines.slice(blank < 0 ? begin + 1 : blank + 1, signature < 0 ? lines.length : signature);
  return inner.map((line) => line.replace(/^- /, ''));
}
