import { rangeBytes, type ByteRange } from '../base/byte-range.js';
import { ManygetError } from '../base/errors.js';
import { RangeSet } from '../core/range-set.js';
import type { Disk } from './disk.js';
import type { JournalExtent, JournalReplay } from './journal-state.js';
import { PieceHasher } from './piece-hasher.js';

/**
 * Decides what of an earlier run may be believed: reads the part file again and compares it with what the journal
 * claims, whole pieces by SHA-256, the rest by CRC-32. What does not match, or cannot be read, is rejected and is to be
 * fetched again. Memory: one step a thread, and the claims.
 */
export interface ResumeCheck {
  readonly verifiedPieces: readonly { readonly index: number; readonly sha256: Uint8Array; readonly source: number }[];
  /** By start, none overlapping another or a verified piece. */
  readonly verifiedExtents: readonly VerifiedExtent[];
  /** What the journal claims and the file does not hold: to be put into the journal as `forget`. No verified byte is in it. */
  readonly rejected: readonly RejectedRange[];
}

interface VerifiedExtent extends ByteRange {
  readonly source: number;
}

interface RejectedRange extends ByteRange {
  readonly reason: string;
}

interface ResumeCheckOptions {
  /** Bytes read so far, of how many. */
  readonly onProgress?: (checkedBytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
}

/** One job of a thread: small enough for a quick stop and for two threads to end together. */
const batchBytes = 32 * 1024 * 1024;
/** From here on a second thread is worth its 20 ms. */
const secondThreadBytes = 128 * 1024 * 1024;

type Claim =
  | (ByteRange & {
      readonly kind: 'piece';
      readonly index: number;
      readonly sha256: Uint8Array;
      readonly source: number;
    })
  | (ByteRange & { readonly kind: 'extent'; readonly crc32: number; readonly source: number });

/**
 * @param part The part file, at its full size: a PartFile, or its path and disk.
 * @throws ManygetError `aborted` where the signal says so; `unexpected` where a thread died. A range that the disk
 *   cannot read is rejected, not thrown.
 */
export async function verifyExtents(
  part: { readonly path: string; readonly disk: Disk },
  replay: JournalReplay,
  options: ResumeCheckOptions = {},
): Promise<ResumeCheck> {
  const claims = [...pieceClaims(replay), ...extentClaims(replay.extents)].sort((a, b) => a.start - b.start);
  let totalBytes = bytesOf(claims);
  let checkedBytes = 0;
  const onProgress = (bytes: number): void => {
    checkedBytes += bytes;
    options.onProgress?.(Math.min(checkedBytes, totalBytes), totalBytes);
  };
  const threads = totalBytes >= secondThreadBytes ? 2 : 1;
  await using hasher = new PieceHasher({ threads, disk: part.disk });
  const run = { hasher, lanes: threads * 2, path: part.path, onProgress, signal: options.signal };
  const results: Results = new Map();
  await checkAll(run, claims, results);
  // Of a piece that does not match, the parts that reached the disk before its end did.
  const damaged = claims.filter((claim) => claim.kind === 'piece' && results.get(claim) !== undefined);
  const inDamaged = new RangeSet(damaged);
  const rest = extentClaims(replay.extentsInPieces).filter(({ start, end }) => inDamaged.covers(start, end));
  totalBytes += bytesOf(rest);
  await checkAll(run, rest, results);
  return sortOut(
    [...claims, ...rest].sort((a, b) => a.start - b.start),
    results,
  );
}

/** Why a claim does not hold; undefined where it does. */
type Results = Map<Claim, string | undefined>;

interface CheckRun {
  readonly hasher: PieceHasher;
  /** Batches under way at a time: two a thread, so that none waits for its next one. */
  readonly lanes: number;
  readonly path: string;
  readonly onProgress: (bytes: number) => void;
  readonly signal: AbortSignal | undefined;
}

async function checkAll(run: CheckRun, claims: readonly Claim[], results: Results): Promise<void> {
  const batches = batchesOf(claims);
  let nextBatch = 0;
  // A lane that fails stops the others, whose own ends by that stop say nothing.
  const stop = new AbortController();
  const signal = run.signal === undefined ? stop.signal : AbortSignal.any([run.signal, stop.signal]);
  let firstFault: { readonly error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    try {
      for (let batch = batches[nextBatch]; batch !== undefined; batch = batches[nextBatch]) {
        nextBatch += 1;
        await checkBatch({ ...run, signal }, batch, results);
      }
    } catch (error) {
      firstFault ??= { error };
      stop.abort();
    }
  };
  await Promise.all(Array.from({ length: run.lanes }, lane));
  if (firstFault !== undefined) throw firstFault.error;
}

function pieceClaims(replay: JournalReplay): Claim[] {
  const { pieceBytes, sizeBytes } = replay.header;
  return [...replay.pieces].map(([index, { sha256, source }]) => {
    const start = index * pieceBytes;
    return { kind: 'piece', start, end: Math.min(start + pieceBytes, sizeBytes), index, sha256, source };
  });
}

function extentClaims(extents: readonly JournalExtent[]): Claim[] {
  return extents.map(({ start, end, crc32, source }) => ({ kind: 'extent', start, end, crc32, source }));
}

function bytesOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, range) => sum + rangeBytes(range), 0);
}

/** Claims of one kind, in the order of the file, `batchBytes` together or one that is larger. */
function batchesOf(claims: readonly Claim[]): Claim[][] {
  const batches: Claim[][] = [];
  for (const kind of ['piece', 'extent'] as const) {
    let batch: Claim[] = [];
    let bytes = 0;
    for (const claim of claims) {
      if (claim.kind !== kind) continue;
      batch.push(claim);
      bytes += rangeBytes(claim);
      if (bytes < batchBytes) continue;
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    if (batch.length > 0) batches.push(batch);
  }
  return batches;
}

/** Sets each claim's result: undefined where the bytes are as claimed, else why not. */
async function checkBatch(run: CheckRun, batch: readonly Claim[], results: Results): Promise<void> {
  let reasons: (string | undefined)[];
  try {
    reasons = await compare(run, batch);
  } catch (error) {
    if (!(error instanceof ManygetError) || error.code !== 'io-failed') throw error;
    const [only, ...others] = batch;
    if (only === undefined) return;
    if (others.length > 0) {
      // One bad sector must cost its own claim alone.
      for (const claim of batch) await checkBatch(run, [claim], results);
      return;
    }
    reasons = [error.message];
  }
  batch.forEach((claim, i) => results.set(claim, reasons[i]));
}

async function compare(run: CheckRun, batch: readonly Claim[]): Promise<(string | undefined)[]> {
  const { hasher, path, onProgress, signal } = run;
  const options = { onProgress, ...(signal === undefined ? {} : { signal }) };
  if (batch[0]?.kind === 'piece') {
    const digests = await hasher.hashRanges(path, batch, options);
    return batch.map((claim, i) => {
      const same = claim.kind === 'piece' && Buffer.compare(claim.sha256, digests.subarray(i * 32, i * 32 + 32)) === 0;
      return same ? undefined : 'its bytes are not those whose SHA-256 was recorded';
    });
  }
  const sums = await hasher.crcFile(path, batch, options);
  return batch.map((claim, i) =>
    claim.kind === 'extent' && claim.crc32 === sums[i]
      ? undefined
      : 'its bytes are not those whose CRC-32 was recorded',
  );
}

/** Makes one picture without overlaps: verified pieces first, then verified extents, then what is left of the rejected. */
function sortOut(claims: readonly Claim[], results: Results): ResumeCheck {
  const verifiedPieces: { index: number; sha256: Uint8Array; source: number }[] = [];
  const told = new RangeSet();
  for (const claim of claims) {
    if (claim.kind !== 'piece' || results.get(claim) !== undefined) continue;
    verifiedPieces.push({ index: claim.index, sha256: claim.sha256, source: claim.source });
    told.add(claim.start, claim.end);
  }
  const verifiedExtents: VerifiedExtent[] = [];
  for (const claim of claims) {
    if (claim.kind !== 'extent' || results.get(claim) !== undefined) continue;
    for (const { start, end } of told.gaps(claim.start, claim.end)) {
      verifiedExtents.push({ start, end, source: claim.source });
    }
    told.add(claim.start, claim.end);
  }
  const rejected: RejectedRange[] = [];
  for (const claim of claims) {
    const reason = results.get(claim);
    if (reason === undefined) continue;
    for (const { start, end } of told.gaps(claim.start, claim.end)) rejected.push({ start, end, reason });
    told.add(claim.start, claim.end);
  }
  return { verifiedPieces, verifiedExtents, rejected };
}
