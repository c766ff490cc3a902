import { lastPart } from '../base/last-part.js';
import type { Manifest } from '../base/manifest.js';
import { encodePath } from '../wire/http-request-target.js';
import { writeMetalink } from '../wire/metalink-writer.js';
import { nameFault } from '../wire/safe-name.js';
import type { FileFacts } from './file-version.js';
import type { HashTable } from './hash-table.js';
import { compareNames } from './served-names.js';
import type { FleetAddresses } from './sibling-links.js';

/**
 * `NAME.meta4`: what every server has beside every file, without there being such a file on the disk. A Metalink 4
 * (RFC 5854) with its size, its SHA-256, the SHA-256 of each piece, and its address on each server that is alive.
 */
export const manifestSuffix = '.meta4';

/** Beyond this many the piece hashes are left out: the document would be larger than it is worth. */
const piecesMax = 65_536;

/** The name of the manifest of `file`; undefined where none can be written, as its name is not safe everywhere. */
export function manifestName(file: { readonly name: string }): string | undefined {
  return nameFault(lastPart(file.name)) === undefined ? file.name + manifestSuffix : undefined;
}

/** The document; `table` is done. All servers of a fleet write the same one for a client. */
export function manifestText(
  name: string,
  file: FileFacts,
  table: HashTable,
  addresses: FleetAddresses,
  agent: string,
): string {
  const digests = table.pieceCount <= piecesMax ? table.pieces(0, table.pieceCount) : undefined;
  const urls = [addresses.own, ...addresses.others].sort(compareNames).map((base) => `${base}/${encodePath(name)}`);
  const manifest: Manifest = {
    name: lastPart(name),
    sizeBytes: file.size,
    hashes: table.sha256 === null ? {} : { sha256: table.sha256 },
    pieces:
      digests === undefined || digests.length === 0
        ? undefined
        : { algorithm: 'sha256', pieceBytes: table.data.pieceBytes, digests },
    sources: urls.map((url) => ({ url, priority: 1, location: undefined })),
  };
  return writeMetalink(manifest, { generator: agent });
}
