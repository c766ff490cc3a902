/** One `get`, from the request to the exit status: finds out what is to be fetched, and where it goes. */
import type { DownloadHandle, DownloadOptions } from '../../base/download-handle.js';
import { interruptedStatus } from '../end-signals.js';
import { type CliIo, isInteractive } from '../io.js';
import { readToken } from '../options/access-options.js';
import { withBackups } from '../options/control-options.js';
import { withPassword } from '../options/login-password.js';
import { usageError } from '../options/usage-error.js';
import { asManifest } from './as-manifest.js';
import { type GetRequest, resumeCommandLine } from './get-request.js';
import { outputPath } from './output-path.js';
import { type ListFiles, listWith, resolveSources } from './resolve-sources.js';
import { showDownload } from './show-download.js';
import { streamDownload } from './stream-download.js';

export interface GetDeps {
  readonly download: (options: DownloadOptions) => DownloadHandle;
  readonly listFiles: ListFiles;
}

/** Carries out `given`; what it lacks is asked for on a terminal. Returns the exit status. */
export async function runGet(given: GetRequest, deps: GetDeps, io: CliIo): Promise<number> {
  const asked = given.from === undefined ? await askFor(given, deps, io) : given;
  const request = withToken(asked === undefined ? undefined : await withLogin(asked, io), io);
  if (request?.from === undefined) return interruptedStatus;
  if (request.transfer.http?.insecure === true) {
    io.stderr.write('manyget: WARNING: certificates are not checked, so anybody on the way may pose as the server\n');
  }
  if (request.from.kind === 'lists' || request.checks !== undefined || request.demand !== undefined) {
    const { runPlanned } = await import('./run-planned.js');
    return runPlanned(request, deps, io);
  }
  const sources = withBackups(
    await resolveSources(
      request.from,
      listWith(deps.listFiles, request.transfer.token, request.transfer.connectTimeoutMs),
    ),
    request.transfer,
  );
  const isStream = request.transfer.inOrder !== undefined;
  const output = isStream ? undefined : await outputPath(request.folder, request.output);
  const byType = isStream ? undefined : asManifest(request);
  const refuse = byType === undefined ? {} : { refuseManifests: true };
  const options = { ...request.transfer, ...refuse, sources, ...(output === undefined ? {} : { output }) };
  const onManifest =
    byType &&
    (async (): Promise<number> => {
      const { runPlanned } = await import('./run-planned.js');
      return runPlanned(byType, deps, io);
    });
  const shown = { report: request.report, again: resumeCommandLine(request), onManifest };
  return (isStream ? streamDownload : showDownload)(shown, () => deps.download(options), io);
}

async function askFor(request: GetRequest, deps: GetDeps, io: CliIo): Promise<GetRequest | undefined> {
  if (!isInteractive(io) || request.report.json || request.report.quiet) {
    throw usageError(
      'get takes the address of a file: write https://host/name, mgp://host:port/name, or -a ADDRESS -p PORTS NAME',
    );
  }
  const { askGet } = await import('./ask-get.js');
  return askGet(request, deps.listFiles);
}

/** `request`, with the password to its login; undefined where the user left the question. */
async function withLogin(request: GetRequest, io: CliIo): Promise<GetRequest | undefined> {
  const transfer = await withPassword(request.transfer, io);
  return transfer && { ...request, transfer };
}

/** `request`, with the token that it, or the environment, names. HTTP servers get to see only one that was named for them. */
function withToken(request: GetRequest | undefined, io: CliIo): GetRequest | undefined {
  const token = request === undefined ? undefined : readToken(request.access ?? {}, io.env);
  if (request === undefined || token === undefined) return request;
  const { transfer, from } = request;
  const isForHttp =
    request.access !== undefined && from?.kind === 'urls' && from.urls.some((url) => /^https?:/i.test(url));
  const http = isForHttp ? { http: { ...transfer.http, bearer: token } } : {};
  return { ...request, transfer: { ...transfer, token, ...http } };
}
