import { join, normalize } from 'node:path';
import { ManygetError } from '../base/errors.js';
import {
  isManifestOperand,
  lowestPriority,
  strongestHash,
  type ExpectedContent,
  type FileHashes,
  type Manifest,
} from '../base/manifest.js';
import { printable } from '../base/printable.js';
import { isSourceAddress, nameInAddress } from '../base/source-address.js';
import type { SourceRule } from '../base/source-rule.js';
import { safeFileName } from '../store/output-path.js';
import { checksumFileLimits, checksumsOf, parseChecksumFile, type ChecksumFile } from '../wire/checksum-file.js';
import { joinHashes, parseChecksum, type Checksum } from '../wire/checksum.js';
import { inputFileLimits, parseInputFile, type InputFileEntry } from '../wire/input-file.js';
import { checkDemand } from './expected-content.js';
import { readManifest } from './manifest.js';
import { readDocument } from './read-document.js';
import { readSignedDocument, type SignedPlaces } from './signed-document.js';

/** What is to be fetched, as a user names it. */
export interface DownloadWishes {
  /** Addresses of one file, or manifests (`isManifestOperand`), each with its files. */
  readonly operands: readonly string[];
  /** Manifests, whatever they are called. */
  readonly manifests?: readonly string[];
  /** A list of files (wire/input-file.ts); "-" is standard input. */
  readonly inputFile?: string | undefined;
  /** "sha-256=HEX": what the one file that is fetched has to have. */
  readonly checksums?: readonly string[];
  /** A file like SHA256SUMS, or its address: what each file has to have. */
  readonly checksumFile?: string | undefined;
}

/** One download to make. */
export interface PlannedDownload {
  /** For reports. */
  readonly name: string;
  readonly sources: readonly string[];
  /** Where the file goes, below the folder for output; undefined: its own name decides. */
  readonly relativePath: string | undefined;
  /** A folder that stands in for the one for output. */
  readonly folder: string | undefined;
  readonly manifest: ExpectedContent;
  /** A manifest says what it is. */
  readonly isDescribed?: boolean;
  /** Which of the sources are used only as far as the others do not suffice. */
  readonly sourceRules?: readonly SourceRule[];
}

export interface DownloadPlan {
  readonly downloads: readonly PlannedDownload[];
  /** What is left out, in sentences. */
  readonly notices: readonly string[];
}

/** Sources of one file at once, the best by priority: a manifest may name hundreds. */
const sourcesMax = 16;

/**
 * Reads all manifests and lists that `wishes` names, and joins what they say to downloads.
 * @throws ManygetError `manifest-unreadable`, `manifest-malformed`, `manifest-refused`, `no-source` or `usage`; where
 * signatures are demanded, `signature-missing` or `signature-wrong`.
 */
export async function planDownloads(wishes: DownloadWishes, places: SignedPlaces): Promise<DownloadPlan> {
  const notices: string[] = [];
  const downloads: PlannedDownload[] = [];
  const manifests = [...(wishes.manifests ?? []), ...wishes.operands.filter(isManifestOperand)];
  checkDemand(places, [...manifests, wishes.checksumFile, wishes.inputFile]);
  for (const from of manifests) {
    const document = await readManifest(from, places);
    notices.push(...document.notices);
    for (const file of document.files) downloads.push(ofManifest(file, notices));
  }
  const addresses = wishes.operands.filter((operand) => !isManifestOperand(operand));
  if (addresses.length > 0) downloads.push(ofAddresses(addresses));
  if (wishes.inputFile !== undefined) downloads.push(...(await readInputFile(wishes.inputFile, places, notices)));
  const checked = await withChecksums(downloads, wishes, places, notices);
  refuseSameOutputs(checked);
  return { downloads: checked, notices };
}

function ofManifest(file: Manifest, notices: string[]): PlannedDownload {
  const sources = fetchableSources(file, notices);
  const strongest = strongestHash(file.hashes);
  return {
    name: file.name,
    sources,
    ...backupRules(file),
    relativePath: file.name
      .split('/')
      .map((part) => safeFileName(part))
      .join('/'),
    folder: undefined,
    isDescribed: true,
    manifest: {
      sizeBytes: file.sizeBytes,
      hashes: strongest === undefined ? {} : { [strongest.algorithm]: strongest.hex },
      pieces: file.pieces,
    },
  };
}

/** The best addresses of a file that can be fetched from; what is left out is told. @throws ManygetError `no-source`. */
export function fetchableSources(file: Manifest, notices: string[]): string[] {
  const usable = file.sources.filter((source) => isSourceAddress(source.url)).map((source) => source.url);
  if (usable.length === 0) {
    const schemes = [...new Set(file.sources.map((source) => new URL(source.url).protocol.slice(0, -1)))];
    const what = schemes.length === 0 ? 'no address' : `only addresses of ${printable(schemes.join(', '), 100)}`;
    throw new ManygetError(
      'no-source',
      `the manifest has ${what} for "${printable(file.name)}", expected http, https, mgp or mgps`,
    );
  }
  const others = file.sources.length - usable.length;
  if (others > 0) notices.push(`"${printable(file.name)}": ${others} addresses of other protocols are left out`);
  if (usable.length > sourcesMax) {
    notices.push(`"${printable(file.name)}": the best ${sourcesMax} of ${usable.length} sources are used`);
  }
  return usable.slice(0, sourcesMax);
}

/**
 * Sources of the lowest priority there is are used only as far as the others do not suffice. All other priorities say
 * how near or how welcome a source is: to fetch from the first of them alone would be slower than from all together.
 */
function backupRules(file: Manifest): { sourceRules?: readonly SourceRule[] } {
  const backups = file.sources.filter((source) => source.priority === lowestPriority);
  if (backups.length === 0 || backups.length === file.sources.length) return {};
  return { sourceRules: backups.map(({ url }) => ({ match: url, tier: 1 })) };
}

function ofAddresses(sources: readonly string[]): PlannedDownload {
  return {
    name: nameInAddress(sources[0] ?? ''),
    sources,
    relativePath: undefined,
    folder: undefined,
    manifest: {},
  };
}

async function readInputFile(from: string, places: SignedPlaces, notices: string[]): Promise<PlannedDownload[]> {
  const list = parseInputFile(await readDocument(from, 'input file', inputFileLimits.bytesMax, places), from);
  notices.push(...list.notices);
  const downloads: PlannedDownload[] = [];
  for (const entry of list.entries) downloads.push(...(await ofEntry(entry, places, notices)));
  return downloads;
}

async function ofEntry(entry: InputFileEntry, places: SignedPlaces, notices: string[]): Promise<PlannedDownload[]> {
  const { urls, dir, line } = entry;
  const at = `line ${line} of the input file`;
  if (urls.some(isManifestOperand)) {
    const [only] = urls;
    if (urls.length > 1 || only === undefined || entry.out !== undefined || entry.checksums.length > 0) {
      throw new ManygetError(
        'manifest-refused',
        `${at} names a manifest, which stands alone: without mirrors, out= and checksum=`,
      );
    }
    const document = await readManifest(only, places);
    notices.push(...document.notices);
    return document.files.map((file) => ({ ...ofManifest(file, notices), folder: dir }));
  }
  const strange = urls.find((url) => !isSourceAddress(url));
  if (strange !== undefined) {
    throw new ManygetError(
      'manifest-refused',
      `${at} has "${printable(strange, 100)}", expected an address of http, https, mgp or mgps`,
    );
  }
  const name = nameInAddress(urls[0] ?? '');
  return [
    {
      name: entry.out ?? name,
      sources: urls,
      relativePath: entry.out ?? safeFileName(name),
      folder: dir,
      manifest: { hashes: joinHashes({}, entry.checksums, at) },
    },
  ];
}

async function withChecksums(
  downloads: readonly PlannedDownload[],
  wishes: DownloadWishes,
  places: SignedPlaces,
  notices: string[],
): Promise<PlannedDownload[]> {
  const given = (wishes.checksums ?? []).map((text) => parseChecksum(text, '--checksum'));
  if (given.length > 0 && downloads.length > 1) {
    throw new ManygetError('usage', `--checksum is for one file, not for ${downloads.length}: use --checksums FILE`);
  }
  const { checksumFile: from } = wishes;
  let list: ChecksumFile | undefined;
  if (from !== undefined) {
    const { bytes, notice } = await readSignedDocument(from, 'checksum file', checksumFileLimits.bytesMax, places);
    if (notice !== undefined) notices.push(notice);
    list = parseChecksumFile(bytes, from);
  }
  return downloads.map((download) => {
    const listed = list === undefined || from === undefined ? [] : checksumsOf(list, download.name, from);
    if (places.demand !== undefined && download.isDescribed !== true && listed.length === 0) {
      throw new ManygetError(
        'signature-missing',
        `nothing signed says what "${printable(download.name)}" is: --trusted-key demands a signed manifest or checksum file`,
      );
    }
    return { ...download, manifest: { ...download.manifest, hashes: joined(download, given, listed) } };
  });
}

function joined(download: PlannedDownload, given: readonly Checksum[], listed: readonly Checksum[]): FileHashes {
  const known = joinHashes(download.manifest.hashes ?? {}, given, '--checksum');
  return joinHashes(known, listed, '--checksums');
}

/** Two downloads to one file would overwrite each other, on some disks also where only upper and lower case differ. */
function refuseSameOutputs(downloads: readonly PlannedDownload[]): void {
  const seen = new Map<string, string>();
  for (const { relativePath, folder, name } of downloads) {
    if (relativePath === undefined) continue;
    const key = normalize(join(folder ?? '.', relativePath))
      .normalize('NFC')
      .toLowerCase();
    const other = seen.get(key);
    if (other !== undefined) {
      throw new ManygetError(
        'manifest-refused',
        other === relativePath && name === relativePath
          ? `two files would be written to "${printable(relativePath)}": give one of them another name`
          : `"${printable(other)}" and "${printable(name)}" would both be written to "${printable(relativePath)}"`,
      );
    }
    seen.set(key, name);
  }
}
