import { mgpLimits } from '../wire/mgp-limits.js';

/**
 * The rules for names that clients may ask for. Pure: says nothing about what is on the disk, which `Catalog` checks.
 *
 * A name is one or more segments joined by "/": never absolute, never with an empty, "." or ".." segment.
 */

const surrogate = /\p{Surrogate}/u;
/** Where "\" separates folders and ":" names drives and streams, neither may be in a name. */
const windowsOnly = /[\\:]/;

/** The segments of `name`, or undefined where it is not a name that can be served. */
export function nameSegments(name: string, platform: NodeJS.Platform = process.platform): string[] | undefined {
  if (name.length === 0 || Buffer.byteLength(name) > mgpLimits.nameBytesMax) return undefined;
  if (name.includes('\0') || surrogate.test(name)) return undefined;
  if (platform === 'win32' && windowsOnly.test(name)) return undefined;
  const segments = name.split('/');
  return segments.every((s) => s !== '' && s !== '.' && s !== '..') ? segments : undefined;
}

/** Order of names in LIST: by code point, which is the order of their UTF-8 bytes. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** UTF-16 sorts surrogates (code points from 0x10000) before 0xE000 to 0xFFFF; this puts them behind. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
