import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { ManygetError } from '../base/errors.js';
import { lowestPriority, type Manifest, type ManifestSource } from '../base/manifest.js';
import { printable } from '../base/printable.js';
import { codeOf } from '../store/disk.js';
import { PieceHasher } from '../store/piece-hasher.js';
import { choosePieceBytes, pieceCount } from '../wire/content-id.js';
import { metalinkLimits } from '../wire/metalink-limits.js';
import { writeMetalink } from '../wire/metalink-writer.js';
import { checkedName } from '../wire/safe-name.js';
import { agentName } from './agent.js';
import { pieceRanges } from './piece-ranges.js';

/** What a manifest is to be made of. */
export interface ManifestRequest {
  readonly files: readonly string[];
  /** Addresses of the one file; or, ending in "/", of the folder that holds all of them. Best first. */
  readonly urls: readonly string[];
  /** Default: 256 KiB to 64 MiB by the size of the file, as our servers cut it. */
  readonly pieceBytes?: number | undefined;
  readonly signal?: AbortSignal;
  /** Bytes read since the last call. */
  readonly onProgress?: (bytes: number) => void;
}

/**
 * Reads the files and writes a Metalink 4 of them: size, SHA-256 of the whole and of each piece, sources.
 * @throws ManygetError `usage`, `io-failed`, `manifest-refused` (a name that no reader would take) or `aborted`.
 */
export async function makeManifest(request: ManifestRequest): Promise<string> {
  // Before the first one is read, which may take its time.
  for (const file of request.files) await lookAt(file);
  const names = request.files.map((file) => checkedName(basename(file), 'the command line'));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new ManygetError('usage', `two files are called "${printable(twice)}": a manifest names each once`);
  await using hasher = new PieceHasher({ threads: 2 });
  const manifests: Manifest[] = [];
  for (const [i, file] of request.files.entries()) {
    manifests.push(await manifestOfFile(hasher, file, names[i] ?? '', request));
  }
  return writeMetalink(manifests, { generator: agentName() });
}

async function manifestOfFile(
  hasher: PieceHasher,
  file: string,
  name: string,
  request: ManifestRequest,
): Promise<Manifest> {
  const before = await lookAt(file);
  const sizeBytes = before.size;
  const pieceBytes = request.pieceBytes ?? choosePieceBytes(sizeBytes);
  const count = pieceCount(sizeBytes, pieceBytes);
  if (count > metalinkLimits.piecesMax) {
    throw new ManygetError(
      'usage',
      `"${printable(file)}" has ${count} pieces of ${pieceBytes} bytes, expected at most ${metalinkLimits.piecesMax}: choose larger ones`,
    );
  }
  const options = {
    ...(request.signal === undefined ? {} : { signal: request.signal }),
    ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
  };
  // Each thread reads the file once; the second one finds it in the page cache.
  const [whole, digests] = await Promise.all([
    hasher.hashWholeFile(file, request.signal === undefined ? {} : { signal: request.signal }),
    hasher.hashRanges(file, pieceRanges(sizeBytes, pieceBytes), options),
  ]);
  const after = await lookAt(file);
  if (after.size !== sizeBytes || after.mtimeMs !== before.mtimeMs) {
    throw new ManygetError('io-failed', `"${printable(file)}" changed while it was read: run the command again`);
  }
  return {
    name,
    sizeBytes,
    hashes: { sha256: whole },
    pieces: count === 0 ? undefined : { algorithm: 'sha256', pieceBytes, digests },
    sources: request.urls.map((url, i) => sourceOf(url, name, request.files.length, i)),
  };
}

function sourceOf(text: string, name: string, files: number, index: number): ManifestSource {
  if (!URL.canParse(text)) {
    throw new ManygetError('usage', `--url "${printable(text)}" is no address, expected one like https://host/path`);
  }
  const url = new URL(text);
  if (url.pathname.endsWith('/')) url.pathname += encodeURIComponent(name);
  else if (files > 1) {
    throw new ManygetError(
      'usage',
      `--url "${printable(text)}" names one file, but there are ${files}: end it with "/", the files' names are put behind`,
    );
  }
  return { url: url.href, priority: Math.min(index + 1, lowestPriority), location: undefined };
}

async function lookAt(file: string): Promise<{ readonly size: number; readonly mtimeMs: number }> {
  let isFolder: boolean;
  try {
    const facts = await stat(file);
    if (facts.isFile()) return facts;
    isFolder = facts.isDirectory();
  } catch (cause) {
    const why = codeOf(cause) === 'ENOENT' ? 'there is no such file' : String(cause);
    throw new ManygetError('io-failed', `cannot read "${printable(file)}": ${why}`, { cause });
  }
  const what = isFolder ? 'it is a folder, expected a file' : 'it is not a regular file';
  throw new ManygetError('io-failed', `cannot read "${printable(file)}": ${what}`);
}
