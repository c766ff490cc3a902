import * as v from 'valibot';
import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { encodeFrame, frameType, type FrameHeader } from './mgp-frame.js';
import { mgpLimits } from './mgp-limits.js';

/**
 * The control messages of mgp/1: what the JSON payloads hold. Unknown members are ignored, so that a later minor
 * addition breaks nobody; a missing or ill-typed member is a protocol violation.
 */

const name = v.pipe(v.string(), v.minLength(1), v.maxBytes(mgpLimits.nameBytesMax));
const text = v.pipe(v.string(), v.maxLength(1000));
const version = v.pipe(v.string(), v.minLength(1), v.maxLength(128));
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const timeMs = v.pipe(v.number(), v.finite());
const sha256Hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const pieceBytes = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(mgpLimits.pieceBytesMin),
  v.maxValue(mgpLimits.pieceBytesMax),
  v.check((n) => Number.isInteger(Math.log2(n)), 'expected a power of two'),
);

/** `challenge` and `proof` are of who has a token, see mgp-auth.ts. */
const helloSchema = v.object({ agent: text, challenge: v.optional(sha256Hex), proof: v.optional(sha256Hex) });
const listSchema = v.object({ after: v.optional(name) });
const listAnswerSchema = v.object({
  files: v.pipe(v.array(v.object({ name, size: whole, mtimeMs: timeMs })), v.maxLength(mgpLimits.listEntriesMax)),
  more: v.boolean(),
});
const statSchema = v.object({ name, follow: v.optional(v.boolean()) });
const statAnswerSchema = v.object({
  name,
  size: whole,
  mtimeMs: timeMs,
  version,
  pieceBytes,
  hashedBytes: whole,
  contentId: v.nullable(sha256Hex),
  sha256: v.nullable(sha256Hex),
});
const hashesSchema = v.object({
  name,
  version,
  count: v.pipe(whole, v.minValue(1), v.maxValue(mgpLimits.hashesMax)),
});
const rangeSchema = v.object({ name, version, end: whole });
const goodbyeSchema = v.object({ reason: text });

/** Why a server refused a request; an unknown word is read as `failed`. */
export const mgpErrorCodes = [
  'not-found',
  'changed',
  'bad-range',
  'busy',
  'read-failed',
  'not-hashed',
  'unauthorized',
  'violation',
  'failed',
] as const;
export type MgpErrorCode = (typeof mgpErrorCodes)[number];
const errorSchema = v.object({ code: v.fallback(v.picklist(mgpErrorCodes), 'failed'), message: text });

/** First frame of a client. `agent` is free text like "manyget/0.1.0". */
export type Hello = v.InferOutput<typeof helloSchema>;
type List = v.InferOutput<typeof listSchema>;
/** One page of the files served, in the order of their names; ask again with `after` the last name while `more`. */
export type ListAnswer = v.InferOutput<typeof listAnswerSchema>;
/** With `follow` the server sends a second answer, with the same request id, once the hashes are known. */
type Stat = v.InferOutput<typeof statSchema>;
/**
 * `version` names this state of the file on this server alone: requests carry it, and are refused once it is stale.
 * `contentId` (see content-id.ts) and `sha256` are null until the server has hashed all of the file.
 */
export type StatAnswer = v.InferOutput<typeof statAnswerSchema>;
/** `count` piece hashes from the piece in the header's offset. */
export type Hashes = v.InferOutput<typeof hashesSchema>;
/** Bytes from the header's offset up to, not including, `end`. */
export type Range = v.InferOutput<typeof rangeSchema>;
type Goodbye = v.InferOutput<typeof goodbyeSchema>;
export type MgpError = v.InferOutput<typeof errorSchema>;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

function json(message: object): Uint8Array {
  return encoder.encode(JSON.stringify(message));
}

/** One maker of whole frames for each message with a payload, and for those without. */
export const encodeMessage = {
  hello: (m: Hello) => encodeFrame(frameType.hello, 0, 0, json(m)),
  helloAnswer: (m: Hello) => encodeFrame(frameType.helloAnswer, 0, 0, json(m)),
  list: (requestId: number, m: List) => encodeFrame(frameType.list, requestId, 0, json(m)),
  listAnswer: (requestId: number, m: ListAnswer) => encodeFrame(frameType.listAnswer, requestId, 0, json(m)),
  stat: (requestId: number, m: Stat) => encodeFrame(frameType.stat, requestId, 0, json(m)),
  statAnswer: (requestId: number, m: StatAnswer) => encodeFrame(frameType.statAnswer, requestId, 0, json(m)),
  hashes: (requestId: number, first: number, m: Hashes) => encodeFrame(frameType.hashes, requestId, first, json(m)),
  /** `hashes` are 32 bytes each, one after the other. */
  hashesAnswer: (requestId: number, first: number, hashes: Uint8Array) =>
    encodeFrame(frameType.hashesAnswer, requestId, first, hashes),
  range: (requestId: number, start: number, m: Range) => encodeFrame(frameType.range, requestId, start, json(m)),
  trim: (requestId: number, end: number) => encodeFrame(frameType.trim, requestId, end),
  end: (requestId: number, end: number) => encodeFrame(frameType.end, requestId, end),
  ping: (requestId: number) => encodeFrame(frameType.ping, requestId),
  pong: (requestId: number) => encodeFrame(frameType.pong, requestId),
  goodbye: (m: Goodbye) => encodeFrame(frameType.goodbye, 0, 0, json(m)),
  error: (requestId: number, m: MgpError) => encodeFrame(frameType.error, requestId, 0, json(m)),
} as const;

/** Reads a payload as JSON of one schema. */
function reader<Schema extends v.GenericSchema>(what: string, schema: Schema) {
  return (payload: Uint8Array, peer: string): v.InferOutput<Schema> => {
    let value: unknown;
    try {
      value = JSON.parse(decoder.decode(payload));
    } catch (cause) {
      throw new ManygetError('protocol-violation', `${peer} sent ${what} that is not JSON in UTF-8`, { cause });
    }
    const result = v.safeParse(schema, value);
    if (result.success) return result.output;
    const issue = result.issues[0];
    const path = v.getDotPath(issue) ?? 'it';
    throw new ManygetError(
      'protocol-violation',
      `${peer} sent ${what} whose member ${path} is wrong: ${printable(issue.message, 200)}`,
    );
  };
}

/**
 * Payload readers. Each takes the payload and what to call the peer in an error.
 * @throws ManygetError `protocol-violation`.
 */
export const readMessage = {
  hello: reader('a HELLO', helloSchema),
  list: reader('a LIST', listSchema),
  listAnswer: reader('a LIST answer', listAnswerSchema),
  stat: reader('a STAT', statSchema),
  statAnswer: reader('a STAT answer', statAnswerSchema),
  hashes: reader('a HASHES request', hashesSchema),
  range: reader('a RANGE', rangeSchema),
  goodbye: reader('a GOODBYE', goodbyeSchema),
  error: reader('an ERROR', errorSchema),
} as const;

/** The hashes of a HASHES answer, checked to be whole. */
export function readHashes(
  header: FrameHeader,
  payload: Uint8Array,
  expected: { first: number; count: number },
  peer: string,
): Uint8Array {
  if (header.offset === expected.first && payload.length === expected.count * 32) return payload;
  throw new ManygetError(
    'protocol-violation',
    `${peer} sent ${payload.length} bytes of piece hashes from piece ${header.offset}, expected ${expected.count * 32} bytes from piece ${expected.first}`,
  );
}
