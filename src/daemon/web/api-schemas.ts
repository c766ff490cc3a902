import * as v from 'valibot';
import type { FleetItem } from '../../base/fleet-snapshot.js';
import { limitBytesPerSecMin } from '../../base/lowest-limit.js';
import type { QueueDetail, QueueItem } from '../../base/queue-snapshot.js';

/** What the daemon's own API takes and gives: these schemas check requests, and the OpenAPI description is made of them. */
const urls = v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(8192))), v.maxLength(200));
const options = v.record(v.string(), v.union([v.string(), v.number(), v.boolean(), v.array(v.string())]));

const addition = {
  /** Addresses of one file, and addresses of Metalinks, which bring their own. */
  sources: v.optional(urls, []),
  /** A Metalink as a document. */
  metalink: v.optional(v.pipe(v.string(), v.maxLength(16 * 1024 * 1024))),
  options: v.optional(options, {}),
};

export const addRequest = v.strictObject({
  ...addition,
  /** More of them, each with options of its own: all are added, or none. */
  downloads: v.optional(v.pipe(v.array(v.strictObject(addition)), v.maxLength(1000)), []),
  position: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
});

export const optionsRequest = v.strictObject({ options });

export const moveRequest = v.strictObject({
  position: v.pipe(v.number(), v.integer()),
  rule: v.optional(v.picklist(['POS_SET', 'POS_CUR', 'POS_END']), 'POS_SET'),
});

export const sourcesRequest = v.strictObject({ add: v.optional(urls, []), remove: v.optional(urls, []) });

export const sourceRequest = v.strictObject({
  used: v.optional(v.boolean()),
  /** null: no limit. */
  limitBytesPerSec: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(limitBytesPerSecMin)))),
});

const paths = v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(4096))), v.maxLength(1000));
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));
const rate = v.pipe(v.number(), v.integer(), v.minValue(0));

export const fleetRequest = v.strictObject({
  /** Files and folders of the daemon's machine. */
  paths,
  /** How many, on free ports; 4 where nothing is said. */
  servers: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(256))),
  /** One for each server; 0 for a free one. */
  ports: v.optional(v.pipe(v.array(port), v.minLength(1), v.maxLength(256))),
  host: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(255))),
  /** Bytes a second: one for all servers, or one for each; 0 for no limit. */
  rateLimits: v.optional(v.pipe(v.array(rate), v.maxLength(256))),
  /** Without it nobody is let in. */
  token: v.optional(v.pipe(v.string(), v.minLength(8), v.maxLength(1024))),
});

const queueState = v.picklist(['waiting', 'active', 'paused', 'complete', 'error', 'removed']);
const count = v.pipe(v.number(), v.minValue(0));

export const itemSchema = v.object({
  gid: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
  name: v.string(),
  state: queueState,
  phase: v.optional(v.string()),
  note: v.string(),
  position: v.number(),
  sizeBytes: v.optional(count),
  doneBytes: count,
  verifiedBytes: count,
  speedBytesPerSec: count,
  etaMs: v.optional(count),
  connections: count,
  sourceCount: count,
  addedAtMs: count,
  endedAtMs: v.optional(count),
  outputPath: v.string(),
  error: v.optional(v.object({ code: v.string(), message: v.string() })),
  playPath: v.string(),
});

const sourceSchema = v.object({
  id: count,
  url: v.string(),
  label: v.string(),
  state: v.string(),
  note: v.string(),
  connections: count,
  receivedBytes: count,
  assignedBytes: count,
  duplicateBytes: count,
  speedBytesPerSec: count,
  meanSpeedBytesPerSec: count,
  connectMs: v.optional(count),
  firstByteMs: v.optional(count),
  waitingMs: count,
  faults: count,
});

export const detailSchema = v.object({
  item: itemSchema,
  sources: v.array(sourceSchema),
  uris: v.array(v.string()),
  pieceBytes: v.optional(count),
  pieceCount: v.optional(count),
  resumedBytes: count,
  duplicateBytes: count,
  elapsedMs: count,
  options: v.record(v.string(), v.string()),
  sha256: v.optional(v.string()),
});

export const serverSchema = v.object({
  origin: v.string(),
  bytes: count,
  downloads: count,
  faults: count,
  meanSpeedBytesPerSec: count,
  lastSeenAtMs: count,
});

export const fleetSchema = v.object({
  id: count,
  state: v.picklist(['starting', 'running', 'failed']),
  error: v.optional(v.object({ code: v.string(), message: v.string() })),
  paths: v.array(v.string()),
  host: v.string(),
  hasToken: v.boolean(),
  servers: v.array(
    v.object({
      number: count,
      host: v.string(),
      port: count,
      state: v.picklist(['starting', 'alive', 'closing', 'closed', 'failed']),
      note: v.string(),
      clients: count,
      sentBytes: count,
      speedBytesPerSec: count,
    }),
  ),
  files: v.array(v.object({ name: v.string(), sizeBytes: count, hashed: count })),
  addedAtMs: count,
});

export const errorSchema = v.object({ error: v.object({ code: v.string(), message: v.string() }) });

type Plain<T> = T extends readonly (infer U)[]
  ? Plain<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Plain<T[K]> }
    : T;
type Fits<T, S extends v.GenericSchema> = Plain<T> extends v.InferInput<S> ? true : never;

/** The schemas cannot drift from the types: this compiles only where what is sent fits what is described. */
export const describesWhatIsSent: readonly [
  Fits<QueueItem, typeof itemSchema>,
  Fits<QueueDetail, typeof detailSchema>,
  Fits<FleetItem, typeof fleetSchema>,
] = [true, true, true];
