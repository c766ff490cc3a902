import { printable } from '../base/printable.js';
import type { ByteRange } from '../base/byte-range.js';
import type { HeaderLine } from '../wire/http-request.js';
import { statusTexts, type HttpStatus } from '../wire/http-server-head.js';
import type { OpenFile } from './open-files.js';

/** An answer of a server, complete but for what depends on the connection. */
export interface HttpAnswer {
  readonly status: HttpStatus;
  /** Without Content-Length, Connection, Date and Server. */
  readonly headers: readonly HeaderLine[];
  readonly body: HttpBody;
}

type HttpBody =
  | { readonly kind: 'text'; readonly text: string }
  | FileBody
  /** Nothing follows the head; `bodyBytes` is what would follow it as the answer to a GET, if that is said. */
  | { readonly kind: 'none'; readonly bodyBytes: number | undefined };

/** Ranges of one open file, with text around them. Whoever sends it owes the file one release for each part. */
export interface FileBody {
  readonly kind: 'file';
  readonly file: OpenFile;
  readonly parts: readonly { readonly head: string; readonly range: ByteRange }[];
  readonly tail: string;
  readonly bodyBytes: number;
}

/** An answer in a sentence, for people who see it and tools that log it. */
export function plainAnswer(status: HttpStatus, sentence: string, headers: readonly HeaderLine[] = []): HttpAnswer {
  const text = `${status} ${statusTexts[status]}: ${printable(sentence, 500)}\n`;
  return {
    status,
    headers: [['Content-Type', 'text/plain; charset=utf-8'], ['X-Content-Type-Options', 'nosniff'], ...headers],
    body: { kind: 'text', text },
  };
}

/** The same answer as HEAD gets it. */
export function withoutBody(answer: HttpAnswer): HttpAnswer {
  const { body } = answer;
  const bodyBytes = body.kind === 'text' ? Buffer.byteLength(body.text) : body.bodyBytes;
  return { ...answer, body: { kind: 'none', bodyBytes } };
}
