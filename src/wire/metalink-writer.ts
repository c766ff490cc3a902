import { ManygetError } from '../base/errors.js';
import { hashAlgorithms, strongestFirst } from '../base/hash-algorithm.js';
import { lowestPriority, type Manifest, type ManifestSource, type PieceHashes } from '../base/manifest.js';
import { printable } from '../base/printable.js';
import { checkedName } from './safe-name.js';

interface MetalinkWriterOptions {
  /** The program that made it, as "manyget/1.0". */
  readonly generator?: string;
}

/**
 * A Metalink 4 document (RFC 5854) of one file or several, as text in UTF-8. The same manifests give the same text.
 * @throws ManygetError `manifest-refused`: a name or an address that no reader could use.
 */
export function writeMetalink(manifest: Manifest | readonly Manifest[], options: MetalinkWriterOptions = {}): string {
  const files = 'name' in manifest ? [manifest] : manifest;
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<metalink xmlns="urn:ietf:params:xml:ns:metalink">'];
  if (options.generator !== undefined) lines.push(`  <generator>${escaped(options.generator)}</generator>`);
  for (const file of files) pushFile(lines, file);
  lines.push('</metalink>', '');
  return lines.join('\n');
}

function pushFile(lines: string[], file: Manifest): void {
  lines.push(`  <file name="${escaped(checkedName(file.name, 'a metalink'))}">`);
  if (file.sizeBytes !== undefined) lines.push(`    <size>${file.sizeBytes}</size>`);
  for (const algorithm of strongestFirst) {
    const hex = file.hashes[algorithm];
    if (hex !== undefined) lines.push(`    <hash type="${hashAlgorithms[algorithm].ianaName}">${escaped(hex)}</hash>`);
  }
  if (file.pieces !== undefined) pushPieces(lines, file.pieces);
  for (const source of file.sources) lines.push(`    ${urlElement(source)}`);
  lines.push('  </file>');
}

function pushPieces(lines: string[], pieces: PieceHashes): void {
  const { ianaName, bytes } = hashAlgorithms[pieces.algorithm];
  lines.push(`    <pieces length="${pieces.pieceBytes}" type="${ianaName}">`);
  const hex = Buffer.from(pieces.digests.buffer, pieces.digests.byteOffset, pieces.digests.length).toString('hex');
  for (let at = 0; at < hex.length; at += bytes * 2) lines.push(`      <hash>${hex.slice(at, at + bytes * 2)}</hash>`);
  lines.push('    </pieces>');
}

function urlElement(source: ManifestSource): string {
  if (!URL.canParse(source.url)) {
    throw new ManygetError('manifest-refused', `a metalink cannot name the address "${printable(source.url)}": no URL`);
  }
  const priority = source.priority === lowestPriority ? '' : ` priority="${source.priority}"`;
  const location = source.location === undefined ? '' : ` location="${escaped(source.location)}"`;
  return `<url${priority}${location}>${escaped(source.url)}</url>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for XML. What XML 1.0 has no way to write becomes U+FFFD; safe names and URLs hold none of it. */
function escaped(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex -- XML 1.0, 2.2: the characters that no document may hold
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
      .replace(/[&<>"]/g, (character) => entities[character] ?? character)
  );
}
