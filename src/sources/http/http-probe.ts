import type { ErrorCode } from '../../base/errors.js';
import { printable } from '../../base/printable.js';
import { handledFileBytesMax } from '../../wire/content-id.js';
import { isPageInstead, type Answer, type AskedRange } from '../../wire/http-answer.js';
import type { HttpHead } from '../../wire/http-head.js';
import { isMetalinkType } from '../../wire/http-link.js';

/** What the answer to a question for the file's facts comes to. */
type ProbeOutcome =
  | {
      readonly kind: 'facts';
      readonly sizeBytes: number;
      /** Parts can be asked for; undefined: this answer does not tell. */
      readonly ranges: boolean | undefined;
      /** The body is the file, from its first byte. */
      readonly bodyIsFile: boolean;
      /** Bytes that the body has, where it says so. */
      readonly bodyBytes: number | undefined;
      /** It calls a file a web page, as servers do that do not know its type: the first byte decides. */
      readonly mayBePage: boolean;
    }
  /** The answer to a range did not tell the size: the file is to be asked for as a whole. */
  | { readonly kind: 'ask-whole'; readonly ranges: boolean | undefined }
  /** The body is the file, of which nobody says how large it is. */
  | { readonly kind: 'unsized' }
  | { readonly kind: 'unusable'; readonly code: ErrorCode; readonly text: string };

export type FactsOutcome = Extract<ProbeOutcome, { kind: 'facts' }>;

/** Judges the answer to `bytes=0-0`, or to a request without a range where `asked.end` is undefined. */
export function judgeProbe(
  asked: AskedRange,
  answer: Answer,
  head: HttpHead,
  name: string,
  refusesManifests: boolean,
): ProbeOutcome {
  if (refusesManifests && isMetalinkType(head.headers.get('content-type'))) {
    return { kind: 'unusable', code: 'is-manifest', text: `gives a Metalink under "${printable(name)}", not the file` };
  }
  const mayBePage = isPageInstead(head.headers.get('content-type'), name);
  // Some error pages come in parts as well, but most servers that send parts send what was asked for.
  if (mayBePage && (answer.kind !== 'bytes' || answer.whole)) {
    return { kind: 'unusable', code: 'http-content', text: pageText(name) };
  }
  if (answer.kind === 'unsatisfied' && answer.totalBytes === 0) {
    return { kind: 'facts', sizeBytes: 0, ranges: undefined, bodyIsFile: false, bodyBytes: 0, mayBePage };
  }
  const isRange = asked.end !== undefined;
  if (answer.kind !== 'bytes') {
    if (!isRange) return { kind: 'unusable', code: 'http-range', text: 'answers neither with a range nor without one' };
    return { kind: 'ask-whole', ranges: answer.kind === 'multipart' ? true : undefined };
  }
  const { totalBytes, whole } = answer;
  const ranges = isRange ? !whole : undefined;
  // A total of one byte may be the size of the part: some servers say so.
  if (!whole && (totalBytes === undefined || totalBytes === 1)) return { kind: 'ask-whole', ranges };
  if (totalBytes === undefined) return { kind: 'unsized' };
  if (totalBytes > handledFileBytesMax) {
    const text = `states a size of ${totalBytes} bytes, expected at most ${handledFileBytesMax}`;
    return { kind: 'unusable', code: 'http-content', text };
  }
  const bodyBytes = answer.end === undefined ? undefined : answer.end - answer.start;
  return { kind: 'facts', sizeBytes: totalBytes, ranges, bodyIsFile: whole, bodyBytes, mayBePage };
}

/** The half sentence for a page in place of the file. */
export function pageText(name: string): string {
  return `sends a web page where "${printable(name, 100)}" was asked for`;
}

/** True for what a text in HTML or XML may begin with: a tag, space, or a byte order mark. */
export function mayBeginMarkup(firstByte: number): boolean {
  return [0x3c, 0x20, 0x09, 0x0a, 0x0d, 0xef, 0xfe, 0xff].includes(firstByte);
}
