/** A `get` of what manifests and lists name, or of what has to have a checksum: plans it, then fetches one file or many. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { documentFetcher } from '../../app/fetch-bytes.js';
import { makeFolder } from '../../app/make-folder.js';
import { planDownloads, type PlannedDownload } from '../../app/plan-downloads.js';
import { verifyFile } from '../../app/verify.js';
import type { DownloadOptions } from '../../base/download-handle.js';
import type { HttpOptions } from '../../base/http-options.js';
import { asManygetError } from '../../base/errors.js';
import { strongestHash } from '../../base/manifest.js';
import { printable } from '../../base/printable.js';
import type { CliIo } from '../io.js';
import { withBackups } from '../options/control-options.js';
import { boundToNamed } from '../options/http-options.js';
import { usageError } from '../options/usage-error.js';
import { asManifest } from './as-manifest.js';
import { type GetRequest, resumeCommandLine } from './get-request.js';
import { isFolder, outputPath } from './output-path.js';
import { listWith, resolveSources } from './resolve-sources.js';
import type { GetDeps } from './run-get.js';
import { type ManyItem, runMany } from './run-many.js';
import { showDownload } from './show-download.js';
import { streamDownload } from './stream-download.js';

const filesAtOnceDefault = 3;

/** Carries out `request`. Returns the exit status. */
export async function runPlanned(given: GetRequest, deps: GetDeps, io: CliIo): Promise<number> {
  const { from, checks, report } = given;
  if (from === undefined) throw usageError('nothing was named to fetch');
  const operands =
    from.kind === 'lists'
      ? []
      : withBackups(await resolveSources(from, listWith(deps.listFiles, given.transfer.token)), given.transfer);
  const manifests = from.kind === 'lists' ? from.manifests : [];
  const inputFile = from.kind === 'lists' ? from.inputFile : undefined;
  const signature = given.demand?.signature ?? '';
  const named = [...operands, ...manifests, inputFile ?? '', checks?.checksumFile ?? '', signature];
  const asked = withHttp(given, boundToNamed(given.transfer.http, named));
  const { downloads, notices } = await planDownloads(
    { operands, manifests, inputFile, ...checks },
    { stdin: io.stdin, fetchBytes: documentFetcher(asked.transfer), demand: given.demand },
  );
  // A list on this disk speaks for the user.
  const everywhere = downloads.flatMap((planned) => planned.sources);
  const request = withHttp(asked, boundToNamed(asked.transfer.http, everywhere));
  if (!report.quiet) for (const notice of notices) io.stderr.write(`manyget: ${printable(notice, 500)}\n`);
  if (downloads.length > 1 && withBackups([], request.transfer).length > 0) {
    throw usageError(`--backup is one more address of one file, not of ${downloads.length}`);
  }
  const again = resumeCommandLine(request);
  const [only] = downloads;
  const isStream = request.transfer.inOrder !== undefined;
  if (isStream && downloads.length !== 1) throw usageError(`-o - is for one file, not for ${downloads.length}`);
  if (only !== undefined && isStream) {
    return streamDownload({ report, again }, () => deps.download(optionsOf(request, only)), io);
  }
  if (only !== undefined && downloads.length === 1) {
    const byType = asManifest(request);
    const refuse = byType === undefined ? {} : { refuseManifests: true };
    const options = { ...optionsOf(request, only), ...refuse, ...(await placeOf(request, only, true)) };
    const onManifest = byType && ((): Promise<number> => runPlanned(byType, deps, io));
    return showDownload({ report, again, onManifest }, () => deps.download(options), io);
  }
  const items: ManyItem[] = downloads.map((planned) => ({
    name: join(planned.folder ?? '', planned.name),
    finished: (signal) => finishedBefore(request, planned, signal),
    begin: async () => deps.download({ ...optionsOf(request, planned), ...(await placeOf(request, planned, false)) }),
  }));
  const { limitBytesPerSec } = request.transfer;
  const atOnceMax = request.filesAtOnceMax ?? filesAtOnceDefault;
  return runMany(items, { report, again, atOnceMax, limitBytesPerSec }, io);
}

function withHttp(request: GetRequest, http: HttpOptions | undefined): GetRequest {
  return http === undefined ? request : { ...request, transfer: { ...request.transfer, http } };
}

function optionsOf(request: GetRequest, planned: PlannedDownload): DownloadOptions {
  const { transfer } = request;
  const sourceRules = [...(planned.sourceRules ?? []), ...(transfer.sourceRules ?? [])];
  return {
    ...transfer,
    sources: withBackups(planned.sources, transfer),
    manifest: planned.manifest,
    ...(sourceRules.length === 0 ? {} : { sourceRules }),
  };
}

/** Where a file of an earlier run is, if hashes are stated of it and it has them: the same command goes on behind it. */
async function finishedBefore(
  request: GetRequest,
  planned: PlannedDownload,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { hashes, pieces } = planned.manifest;
  const isStated = pieces !== undefined || strongestHash(hashes ?? {}) !== undefined;
  if (!isStated || request.transfer.overwrite === true) return undefined;
  const { output } = await placeOf(request, planned, false);
  if (output === undefined || !existsSync(output)) return undefined;
  const { isGood } = await verifyFile(output, planned.manifest, { signal });
  return isGood ? output : undefined;
}

/** Where the file goes. Folders that a manifest or a list names are made; those that the user names are to be there. */
async function placeOf(request: GetRequest, planned: PlannedDownload, isOnly: boolean): Promise<{ output?: string }> {
  const { relativePath, folder } = planned;
  const given = await outputPath(folder === undefined ? request.folder : undefined, request.output);
  if (relativePath === undefined) return given === undefined ? {} : { output: given };
  if (request.output !== undefined) {
    if (given === undefined || !(await isFolder(given))) {
      if (isOnly && given !== undefined) return { output: given };
      throw usageError(`-o ${printable(request.output)} is one place for several files: name an existing folder`);
    }
  }
  const path = join(folder ?? given ?? '.', relativePath);
  try {
    makeFolder(dirname(path));
  } catch (error) {
    throw asManygetError(error, 'output-not-writable', `cannot make the folder of ${printable(path)}`);
  }
  return { output: path };
}
