import { basename } from 'node:path';
import { ManygetError } from '../base/errors.js';
import { strongestHash, type Manifest, type ManifestDocument } from '../base/manifest.js';
import { printable } from '../base/printable.js';
import { metalinkLimits } from '../wire/metalink-limits.js';
import { parseMetalink } from '../wire/metalink.js';
import { readSignedDocument, type SignedPlaces } from './signed-document.js';

/**
 * Reads a Metalink from a file, an address or standard input.
 * @throws ManygetError `manifest-unreadable`, `manifest-malformed` or `manifest-refused`; as `readSignedDocument` where a
 * signature is demanded, and `manifest-refused` where that would say nothing of a file's bytes.
 */
export async function readManifest(from: string, places: SignedPlaces): Promise<ManifestDocument> {
  const { bytes, notice } = await readSignedDocument(from, 'metalink', metalinkLimits.bytesMax, places);
  const document = parseMetalink(bytes, from);
  if (notice === undefined) return document;
  const bare = document.files.find(({ hashes, pieces }) => strongestHash(hashes) === undefined && pieces === undefined);
  if (bare !== undefined) {
    throw new ManygetError(
      'manifest-refused',
      `metalink "${printable(from)}" has no hash of "${printable(bare.name)}": its signature says nothing of the bytes`,
    );
  }
  return { ...document, notices: [notice, ...document.notices] };
}

/**
 * What a document says of one file on this disk: the file of that name, or the only one that it knows.
 * @throws ManygetError `manifest-refused`.
 */
export function manifestOf(document: ManifestDocument, filePath: string, origin: string): Manifest {
  const name = basename(filePath);
  const [only] = document.files;
  if (document.files.length === 1 && only !== undefined) return only;
  const named = document.files.filter((file) => file.name === name || file.name.endsWith(`/${name}`));
  if (named.length === 1 && named[0] !== undefined) return named[0];
  const how = named.length === 0 ? 'does not know' : 'knows several files like';
  const names = document.files.slice(0, 8).map((file) => `"${printable(file.name)}"`);
  throw new ManygetError(
    'manifest-refused',
    `metalink "${printable(origin)}" ${how} "${printable(name)}"; it names ${names.join(', ')}`,
  );
}
