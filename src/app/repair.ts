import { randomBytes } from 'node:crypto';
import { constants, realpathSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { DownloadHandle, DownloadOptions } from '../base/download-handle.js';
import { ManygetError } from '../base/errors.js';
import type { ExpectedContent, PieceHashes } from '../base/manifest.js';
import { diskError, quoted } from '../store/disk-error.js';
import { realDisk, unlinkIfThere } from '../store/disk.js';
import { Journal } from '../store/journal.js';
import { lockOutput } from '../store/output-lock.js';
import { statePaths } from '../store/output-path.js';
import { PartFile } from '../store/part-file.js';
import { PieceHasher } from '../store/piece-hasher.js';
import { choosePieceBytes } from '../wire/content-id.js';
import { download } from './download.js';
import { pieceRanges } from './piece-ranges.js';
import type { SignedPlaces } from './signed-document.js';
import { verifyFile, type VerifyOptions, type VerifyReport } from './verify.js';

/** Where the bad pieces come from, and how they are fetched. */
export type RepairOptions = Omit<DownloadOptions, 'output' | 'resume' | 'overwrite' | 'manifest'>;

/** What a repair has to do. */
export interface Repair {
  /** The file as it was found. */
  readonly found: VerifyReport;
  /** Bytes that have to be fetched. */
  readonly badBytes: number;
  /** Fetches them; undefined where nothing is bad. Rejects with `output-in-use`, `disk-full` or `io-failed`. */
  readonly start: ((options: RepairOptions) => Promise<DownloadHandle>) | undefined;
}

/** Of an empty file a manifest states none, and nothing of it has to be found. */
const noPieces: PieceHashes = { algorithm: 'sha256', pieceBytes: choosePieceBytes(0), digests: new Uint8Array(0) };

/**
 * Finds what of a file is bad, and how to mend it by fetching only that. The file itself is never written to: it is
 * copied (on file systems that can, shared) to the part file, where a download goes on as if it had been cut off; the
 * mended file takes the place of the old one in one step. An interrupted repair goes on where it was.
 * @throws ManygetError as `verifyFile`; `manifest-refused` where the manifest lacks the size or the piece hashes.
 */
export async function planRepair(
  path: string,
  manifest: ExpectedContent,
  progress: VerifyOptions = {},
): Promise<Repair> {
  const found = await verifyFile(path, manifest, progress);
  if (found.isGood) return { found, badBytes: 0, start: undefined };
  const { sizeBytes } = manifest;
  const pieces = manifest.pieces ?? (sizeBytes === 0 ? noPieces : undefined);
  if (pieces === undefined || sizeBytes === undefined) {
    const lacks = pieces === undefined ? 'no piece hashes that say where' : 'no size';
    throw new ManygetError(
      'manifest-refused',
      `${quoted(path)} is bad, but the manifest has ${lacks}: only a new download can mend it`,
    );
  }
  // A link stays a link: what it names is mended.
  const file = realpathSync(path);
  const badBytes = found.badPieces.reduce((sum, piece) => sum + piece.end - piece.start, 0);
  const start = async (options: RepairOptions): Promise<DownloadHandle> => {
    await prepare(file, sizeBytes, pieces, found);
    return download({ ...options, output: file, overwrite: true, resume: true, manifest });
  };
  return { found, badBytes, start };
}

/**
 * Begins to repair by a manifest that is still to be read (`from`: a file, an http(s) address, or "-"), from the
 * sources that it names.
 * @throws ManygetError as `planRepair` and `manifestFor`; `no-source` where there is nobody to fetch from.
 */
export async function repairBy(
  path: string,
  from: string,
  places: SignedPlaces,
  options: Pick<DownloadOptions, 'http'> & { readonly signal: AbortSignal },
): Promise<{ readonly found: VerifyReport; readonly start: (() => Promise<DownloadHandle>) | undefined }> {
  // Loaded here, so that whoever only repairs need not load a reader of XML.
  const [{ manifestFor }, { fetchableSources }] = await Promise.all([
    import('./expected-content.js'),
    import('./plan-downloads.js'),
  ]);
  const manifest = await manifestFor(path, from, places);
  const { signal, ...asked } = options;
  const { found, start } = await planRepair(path, manifest, { signal });
  if (start === undefined) return { found, start };
  const sources = fetchableSources(manifest, []);
  return { found, start: () => start({ ...asked, sources }) };
}

/** Makes of the file what a download leaves that has fetched everything but the bad pieces. */
async function prepare(file: string, sizeBytes: number, pieces: PieceHashes, found: VerifyReport): Promise<void> {
  const paths = statePaths(file);
  const lock = lockOutput(realDisk, file);
  try {
    // What an earlier repair left goes on, as any download.
    if (realDisk.look(paths.journal) !== undefined && realDisk.look(paths.part) !== undefined) return;
    try {
      unlinkIfThere(realDisk, paths.journal);
      unlinkIfThere(realDisk, paths.part);
      // Into a new file: a link that somebody has put there is not followed.
      await copyFile(file, paths.part, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    } catch (error) {
      throw diskError(error, `copy ${quoted(file)} to ${quoted(paths.part)}`);
    }
    PartFile.open(realDisk, paths.part, sizeBytes, { fresh: false }).close();
    const journal = Journal.create(realDisk, paths.journal, {
      sizeBytes,
      pieceBytes: pieces.pieceBytes,
      name: basename(file),
      id: randomBytes(16).toString('hex'),
      createdMs: Date.now(),
    });
    try {
      await claimGood(journal, paths.part, pieces, found);
      journal.flush();
    } finally {
      journal.close();
    }
  } finally {
    lock.release();
  }
}

/** Writes down what is good. Nobody believes it before it was read again. */
async function claimGood(journal: Journal, partPath: string, pieces: PieceHashes, found: VerifyReport): Promise<void> {
  const bad = new Set(found.badPieces.map((piece) => piece.index));
  const all = pieceRanges(found.expectedBytes ?? found.sizeBytes, pieces.pieceBytes);
  const source = journal.sourceIndex('file:');
  if (pieces.algorithm === 'sha256') {
    all.forEach((_, index) => {
      const sha256 = pieces.digests.subarray(index * 32, index * 32 + 32);
      if (!bad.has(index)) journal.append({ type: 'piece', index, sha256, source });
    });
    return;
  }
  // The journal knows SHA-256 alone: other pieces are claimed by the CRC of their bytes.
  const good = all.filter((_, index) => !bad.has(index));
  await using hasher = new PieceHasher({ threads: 1 });
  const sums = await hasher.crcFile(partPath, good);
  good.forEach((range, i) => journal.append({ type: 'extent', ...range, crc32: sums[i] ?? 0, source }));
}
