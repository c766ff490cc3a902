import { basename } from 'node:path';
import { ManygetError } from '../base/errors.js';
import type { ExpectedContent, Manifest } from '../base/manifest.js';
import { checksumFileLimits, checksumsOf, parseChecksumFile } from '../wire/checksum-file.js';
import { joinHashes, parseChecksum } from '../wire/checksum.js';
import { manifestOf, readManifest } from './manifest.js';
import { readSignedDocument, type SignedPlaces } from './signed-document.js';

/** What a file on this disk is to be compared with, as a user names it. */
export interface ContentWishes {
  /** A Metalink: a file, an http(s) address, or "-". */
  readonly manifest?: string | undefined;
  readonly checksums?: readonly string[] | undefined;
  readonly checksumFile?: string | undefined;
}

/**
 * Whether a signature that is demanded can be meant: of these documents, there is one, and only one where it is named.
 * @throws ManygetError `usage`.
 */
export function checkDemand({ demand }: SignedPlaces, documents: readonly (string | undefined)[]): void {
  if (demand === undefined) return;
  const count = documents.filter((document) => document !== undefined).length;
  if (count === 0) {
    throw new ManygetError('usage', '--trusted-key goes with a manifest or --checksums FILE: nothing else is signed');
  }
  if (count > 1 && demand.signature !== undefined) {
    throw new ManygetError('usage', `--signature is of one document, and ${count} have to be signed`);
  }
}

/** The manifest of the file at `path`. @throws ManygetError as `readManifest` and `manifestOf`. */
export async function manifestFor(path: string, from: string, places: SignedPlaces): Promise<Manifest> {
  return manifestOf(await readManifest(from, places), path, from);
}

/**
 * All that `wishes` says of the file at `path` together.
 * @throws ManygetError `usage` where it says nothing, `manifest-unreadable`, `manifest-malformed`, `manifest-refused`.
 */
export async function expectedContent(
  path: string,
  wishes: ContentWishes,
  places: SignedPlaces,
): Promise<ExpectedContent> {
  const { manifest: from, checksums = [], checksumFile } = wishes;
  checkDemand(places, [from, checksumFile]);
  if (from === undefined && checksums.length === 0 && checksumFile === undefined) {
    throw new ManygetError('usage', 'nothing says what the file should be: name --manifest, --checksum or --checksums');
  }
  const known: ExpectedContent = from === undefined ? {} : await manifestFor(path, from, places);
  const given = checksums.map((text) => parseChecksum(text, '--checksum'));
  let hashes = joinHashes(known.hashes ?? {}, given, '--checksum');
  if (checksumFile !== undefined) {
    const { bytes } = await readSignedDocument(checksumFile, 'checksum file', checksumFileLimits.bytesMax, places);
    const list = parseChecksumFile(bytes, checksumFile);
    hashes = joinHashes(hashes, checksumsOf(list, basename(path), checksumFile), '--checksums');
  }
  return { sizeBytes: known.sizeBytes, pieces: known.pieces, hashes };
}
