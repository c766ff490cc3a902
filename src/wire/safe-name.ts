import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';

/**
 * Names of files as documents from outside state them (manifests, input files). A name that could reach outside of the
 * output folder, on this platform or another, is refused, never mended: who publishes one is wrong or hostile.
 */
const nameBytesMax = 4096;
const segmentBytesMax = 255;

// eslint-disable-next-line no-control-regex -- these are the very characters that are refused
const control = /[\u0000-\u001f\u007f-\u009f]/;
const windowsDevice =
  /^(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$|clock\$)\s*(\.|:|$)/i;

/**
 * `name` itself, where it is a relative path of one or more segments that stays where it is put.
 * @param where What stands before the reason in the message: `metalink "a.meta4"`.
 * @throws ManygetError `manifest-refused`.
 */
export function checkedName(name: string, where: string): string {
  const fault = nameFault(name);
  if (fault === undefined) return name;
  throw new ManygetError('manifest-refused', `${where} names the file "${printable(name)}", which ${fault}`);
}

/** Why `name` may not be used, as the end of a sentence; undefined where it may. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (utf8Bytes(name) > nameBytesMax) return `is longer than ${nameBytesMax} bytes`;
  if (control.test(name)) return 'holds a control character';
  if (/\p{Surrogate}/u.test(name)) return 'is not valid Unicode';
  if (name.includes('\\')) return 'holds a backslash';
  if (name.startsWith('/')) return 'is absolute, expected a name within a folder';
  if (/^[a-z]:/i.test(name)) return 'begins with a drive letter';
  for (const segment of name.split('/')) {
    const fault = segmentFault(segment);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function segmentFault(segment: string): string | undefined {
  if (segment === '') return 'has an empty part between two slashes';
  if (segment === '.' || segment === '..') return `has the part "${segment}", expected no way out of its folder`;
  if (/[. ]$/.test(segment)) return 'has a part that ends with a dot or a space';
  if (windowsDevice.test(segment)) return `has the part "${segment}", which is a device on some systems`;
  if (utf8Bytes(segment) > segmentBytesMax) return `has a part of more than ${segmentBytesMax} bytes`;
  return undefined;
}

function utf8Bytes(text: string): number {
  return Buffer.byteLength(text);
}
