import type { Answer } from '../../wire/http-answer.js';

/** Bytes that are read and thrown away rather than to connect anew. */
export const drainBytesMax = 256 * 1024;

/** An answer that says something of the file. */
export type RangeAnswer = Extract<Answer, { kind: 'bytes' | 'multipart' | 'unsatisfied' }>;

/** What the answer to a request for a range comes to. */
type RangeOutcome =
  | { readonly kind: 'body'; readonly start: number; readonly end: number | undefined; readonly whole: boolean }
  | { readonly kind: 'parts'; readonly boundary: string }
  | { readonly kind: 'refused'; readonly code: 'file-changed' | 'http-range'; readonly text: string }
  /** Of no use, and to be asked for in another way. */
  | { readonly kind: 'ask-anew' };

/** Judges the answer to a request for the bytes from `position` on, of a file of which parts can be had where `ranges`. */
export function judgeRange(
  answer: RangeAnswer,
  position: number,
  file: { readonly ranges: boolean | undefined; readonly sizeBytes: number | undefined },
): RangeOutcome {
  if (answer.kind === 'unsatisfied') {
    const { totalBytes } = answer;
    if (totalBytes !== undefined && totalBytes !== file.sizeBytes) {
      return { kind: 'refused', code: 'file-changed', text: `states a size of ${totalBytes} bytes now` };
    }
    return { kind: 'refused', code: 'http-range', text: 'answered 416 to a range inside of the file' };
  }
  if (answer.kind === 'multipart') return { kind: 'parts', boundary: answer.boundary };
  const { start, end, whole } = answer;
  if (whole && file.ranges === true && position - start > drainBytesMax) {
    if (answer.ifRangeIgnored) return { kind: 'ask-anew' };
    return { kind: 'refused', code: 'http-range', text: 'gave parts of the file before and sends all of it now' };
  }
  return { kind: 'body', start, end: end ?? file.sizeBytes, whole };
}
