import { rangeBytes, type ByteRange } from '../base/byte-range.js';
import { ManygetError } from '../base/errors.js';
import { hashAlgorithms, strongestFirst, type HashAlgorithm } from '../base/hash-algorithm.js';
import { strongestHash, type ExpectedContent, type PieceHashes } from '../base/manifest.js';
import { diskError, quoted } from '../store/disk-error.js';
import { realDisk } from '../store/disk.js';
import { PieceHasher } from '../store/piece-hasher.js';
import { pieceRanges } from './piece-ranges.js';

/** A piece of a file that is not what its manifest says. */
export interface BadPiece extends ByteRange {
  readonly index: number;
  /** It lies, or reaches, beyond the end of the file. */
  readonly isMissing: boolean;
}

/** What a file is, held against what it should be. */
export interface VerifyReport {
  readonly path: string;
  readonly sizeBytes: number;
  /** Undefined where the manifest does not state it. */
  readonly expectedBytes: number | undefined;
  readonly pieceCount: number;
  readonly badPieces: readonly BadPiece[];
  /** The hash of the whole file that was compared; undefined where the pieces say it all. */
  readonly whole: { readonly algorithm: HashAlgorithm; readonly expected: string; readonly actual: string } | undefined;
  readonly isGood: boolean;
}

/** How a file is verified. */
export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Bytes read since the last call. */
  readonly onProgress?: (bytes: number) => void;
}

/** One job of a thread. */
const batchBytes = 32 * 1024 * 1024;

/**
 * Reads a file and compares it with what is expected: every piece, and the whole where no piece hashes are known or
 * a stronger hash of it is.
 * @throws ManygetError `io-failed`, `aborted`, or `manifest-refused` where nothing is known to compare it with.
 */
export async function verifyFile(
  path: string,
  expected: ExpectedContent,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const whole = strongestHash(expected.hashes ?? {});
  const { pieces } = expected;
  if (whole === undefined && pieces === undefined && expected.sizeBytes === undefined) {
    throw new ManygetError('manifest-refused', `nothing is stated that ${quoted(path)} could be compared with`);
  }
  const { sizeBytes } = lookAt(path);
  const expectedBytes = expected.sizeBytes;
  await using hasher = new PieceHasher({ threads: 2 });
  const ranges = pieces === undefined ? [] : expectedRanges(pieces, expectedBytes ?? sizeBytes);
  const badPieces = pieces === undefined ? [] : await findBad(hasher, path, sizeBytes, ranges, pieces, options);
  const sizeIsGood = expectedBytes === undefined || expectedBytes === sizeBytes;
  const compared =
    whole !== undefined && sizeIsGood && badPieces.length === 0 && isStronger(whole.algorithm, pieces)
      ? {
          algorithm: whole.algorithm,
          expected: whole.hex,
          actual: await hasher.hashWholeFile(path, { ...options, algorithm: whole.algorithm }),
        }
      : undefined;
  const wholeIsGood = compared === undefined || compared.actual === compared.expected;
  return {
    path,
    sizeBytes,
    expectedBytes,
    pieceCount: ranges.length,
    badPieces,
    whole: compared,
    isGood: sizeIsGood && badPieces.length === 0 && wholeIsGood,
  };
}

/** As many pieces as there are hashes, the last one up to the end of the file. */
function expectedRanges(pieces: PieceHashes, sizeBytes: number): ByteRange[] {
  const count = pieces.digests.length / hashAlgorithms[pieces.algorithm].bytes;
  const all = pieceRanges(count * pieces.pieceBytes, pieces.pieceBytes);
  const last = all.at(-1);
  if (last === undefined || sizeBytes <= last.start || sizeBytes >= last.end) return all;
  return [...all.slice(0, -1), { start: last.start, end: sizeBytes }];
}

async function findBad(
  hasher: PieceHasher,
  path: string,
  sizeBytes: number,
  ranges: readonly ByteRange[],
  pieces: PieceHashes,
  options: VerifyOptions,
): Promise<BadPiece[]> {
  const bad: BadPiece[] = [];
  const each = hashAlgorithms[pieces.algorithm].bytes;
  const firstCut = ranges.findIndex((range) => range.end > sizeBytes);
  const readable = firstCut < 0 ? ranges : ranges.slice(0, firstCut);
  const check = async (first: number, batch: readonly ByteRange[]): Promise<void> => {
    const digests = await hasher.hashRanges(path, batch, { ...options, algorithm: pieces.algorithm });
    batch.forEach((range, i) => {
      const expected = pieces.digests.subarray((first + i) * each, (first + i + 1) * each);
      if (Buffer.compare(expected, digests.subarray(i * each, (i + 1) * each)) === 0) return;
      bad.push({ ...range, index: first + i, isMissing: false });
    });
  };
  // Two at a time, so that both threads have work.
  const batches = batchesOf(readable);
  for (let i = 0; i < batches.length; i += 2) {
    await Promise.all(batches.slice(i, i + 2).map(({ first, batch }) => check(first, batch)));
  }
  ranges.slice(readable.length).forEach((range, i) => {
    bad.push({ ...range, index: readable.length + i, isMissing: true });
  });
  return bad.sort((a, b) => a.index - b.index);
}

function batchesOf(ranges: readonly ByteRange[]): { first: number; batch: ByteRange[] }[] {
  const batches: { first: number; batch: ByteRange[] }[] = [];
  let bytes = Infinity;
  ranges.forEach((range, index) => {
    if (bytes >= batchBytes) {
      batches.push({ first: index, batch: [] });
      bytes = 0;
    }
    batches.at(-1)?.batch.push(range);
    bytes += rangeBytes(range);
  });
  return batches;
}

function isStronger(algorithm: HashAlgorithm, pieces: PieceHashes | undefined): boolean {
  if (pieces === undefined) return true;
  return strongestFirst.indexOf(algorithm) < strongestFirst.indexOf(pieces.algorithm);
}

function lookAt(path: string): { readonly sizeBytes: number } {
  try {
    const facts = realDisk.look(path, { follow: true });
    if (facts?.kind === 'file') return facts;
    const what = facts === undefined ? 'there is no such file' : 'it is not a regular file';
    throw new ManygetError('io-failed', `cannot read ${quoted(path)}: ${what}`);
  } catch (error) {
    throw diskError(error, `look at ${quoted(path)}`);
  }
}
