import { ManygetError } from '../base/errors.js';
import { parseContentRange, type ContentRange } from './http-range.js';

/**
 * What a part of a `multipart/byteranges` body holds (RFC 9110 14.6).
 * @param lines Its delimiter's line and its header lines.
 * @throws ManygetError `http-range`: no such head.
 */
export function readPartHead([first = '', ...lines]: readonly string[], delimiter: string, peer: string): ContentRange {
  if (first.trimEnd() !== delimiter) throw wrongParts(peer, 'parts without the delimiter that it names');
  const value = lines.map((line) => /^content-range\s*:(.*)$/i.exec(line)?.[1]).find((text) => text !== undefined);
  const range = parseContentRange(value ?? '');
  if (range === undefined) throw wrongParts(peer, 'a part without a Content-Range');
  return range;
}

export function wrongParts(peer: string, what: string): ManygetError {
  return new ManygetError('http-range', `${peer} sent ${what} in a multipart answer`);
}
