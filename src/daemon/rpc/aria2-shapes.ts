import { dirname } from 'node:path';
import { errorTable } from '../../base/errors.js';
import type { QueueEntry } from '../queue/queue-entry.js';

/** Downloads in the shapes of aria2's RPC: numbers are texts, a status is one of six words. */
interface Aria2Uri {
  readonly uri: string;
  readonly status: 'used' | 'waiting';
}

/** As large as aria2's own at the least, whose front ends draw a box for each: smaller ones are shown together. */
const pieceLengthLeast = 1024 * 1024;
/** As `pieceStates` of a download has it. */
const pieceVerified = 2;
const removedCode = '31';

type Status = Readonly<Record<string, unknown>>;

/** Where its options say that a download goes. */
export interface WantedPlace {
  readonly dir: string;
  readonly out: string | undefined;
}

/** What was said of a download that does not run, and of what: of a thousand that wait, one changes now and then. */
interface Said {
  readonly state: unknown;
  readonly progress: unknown;
  readonly spec: unknown;
  readonly place: WantedPlace;
  readonly status: Status;
}

const said = new WeakMap<QueueEntry, Said>();

export function aria2Status(entry: QueueEntry, place: WantedPlace): Status {
  if (entry.handle !== undefined) return makeStatus(entry, place);
  const { state, progress, spec } = entry;
  const before = said.get(entry);
  const isSame = before?.state === state && before.progress === progress && before.spec === spec;
  if (isSame && before.place.dir === place.dir && before.place.out === place.out) return before.status;
  const status = makeStatus(entry, place);
  said.set(entry, { state, progress, spec, place, status });
  return status;
}

function makeStatus(entry: QueueEntry, place: WantedPlace): Status {
  const live = entry.notice();
  const { progress, state } = entry;
  const isActive = state === 'active';
  const connections = isActive ? (live?.sources ?? []).reduce((sum, source) => sum + source.connections, 0) : 0;
  const bits = bitfield(entry);
  return {
    ...(bits === undefined ? {} : { bitfield: bits }),
    completedLength: text(progress.doneBytes),
    connections: text(connections),
    dir: place.dir,
    downloadSpeed: text(isActive ? (live?.speedBytesPerSec ?? 0) : 0),
    ...endFacts(entry),
    files: aria2Files(entry, place),
    gid: entry.gid,
    numPieces: text(Math.ceil((progress.pieceCount ?? 0) / piecesInOne(entry))),
    pieceLength: text((progress.pieceBytes ?? pieceLengthLeast) * piecesInOne(entry)),
    status: state,
    totalLength: text(progress.sizeBytes ?? 0),
    uploadLength: '0',
    uploadSpeed: '0',
  };
}

/** Only what has ended has a code: 0 is success, 31 removed, else the exit status of the error. */
function endFacts({ state, progress }: QueueEntry): Record<string, string> {
  if (state === 'complete') return { errorCode: '0', errorMessage: '' };
  if (state === 'removed') return { errorCode: removedCode, errorMessage: '' };
  if (state !== 'error' || progress.error === undefined) return {};
  return { errorCode: text(errorTable[progress.error.code].exitStatus), errorMessage: progress.error.message };
}

export function aria2Files(entry: QueueEntry, place: WantedPlace): unknown[] {
  const { progress } = entry;
  const out = place.out ?? entry.spec.relativePath;
  const planned = out === undefined ? '' : `${place.dir.replace(/\/$/, '')}/${out}`;
  const path = progress.outputPath === '' ? planned : progress.outputPath;
  return [
    {
      completedLength: text(progress.verifiedBytes),
      index: '1',
      length: text(progress.sizeBytes ?? 0),
      path: path === '' || dirname(path) === path ? '' : path,
      selected: 'true',
      uris: aria2Uris(entry),
    },
  ];
}

export function aria2Uris(entry: QueueEntry): Aria2Uri[] {
  const used = new Set(
    entry.progress.sources.filter((each) => each.connections > 0 || each.receivedBytes > 0).map((each) => each.url),
  );
  return entry.spec.sources.map((uri) => ({ status: used.has(uri) ? 'used' : 'waiting', uri }));
}

export function aria2Servers(entry: QueueEntry): unknown[] {
  const sources = entry.notice()?.sources ?? [];
  const servers = sources
    .filter((source) => source.connections > 0)
    .map(({ url, speedBytesPerSec }) => ({ currentUri: url, downloadSpeed: text(speedBytesPerSec), uri: url }));
  return [{ index: '1', servers }];
}

/** A bit for each piece, the first is the highest of the first digit; undefined before the pieces are known. */
function bitfield(entry: QueueEntry): string | undefined {
  const count = entry.progress.pieceCount;
  if (count === undefined || count === 0) return undefined;
  const isWhole = entry.state === 'complete';
  const states = entry.handle?.pieceStates();
  if (!isWhole && entry.handle === undefined) return undefined;
  const each = piecesInOne(entry);
  const shown = Math.ceil(count / each);
  const bits = Buffer.alloc(Math.ceil(shown / 8));
  for (let n = 0; n < shown; n += 1) {
    const isThere = isWhole || states?.subarray(n * each, (n + 1) * each).every((state) => state === pieceVerified);
    if (isThere === true) bits[n >> 3] = (bits[n >> 3] ?? 0) | (0x80 >> (n & 7));
  }
  return bits.toString('hex');
}

/** Pieces of ours that are one to aria2's clients. */
function piecesInOne({ progress }: QueueEntry): number {
  return Math.max(1, Math.floor(pieceLengthLeast / (progress.pieceBytes ?? pieceLengthLeast)));
}

function text(value: number): string {
  return String(Math.round(value));
}
