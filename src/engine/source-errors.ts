import { ManygetError, type ErrorCode } from '../base/errors.js';
import { formatDuration } from '../base/units.js';
import { lastPart } from '../base/last-part.js';
import { printable } from '../base/printable.js';
import { slips } from '../base/slips.js';
import { isCondemned } from './second-look.js';
import type { SourceRunner } from './source-runner.js';

/** Names shown of what a server offers instead, and how much of each. */
const namesMax = 8;
const nameCharsMax = 80;
/** Slips of a hand within which another name may have been meant. */
const slipsMax = 2;
const differing: ReadonlySet<ErrorCode> = new Set(['size-differs', 'content-differs', 'file-changed']);

/** Nobody can be reached, or nobody is left: each source with its reason. Where all have the same one it is the cause. */
export function noSourceError(runners: readonly SourceRunner[]): ManygetError {
  const errors = runners.map((runner) => runner.lastError);
  const manifest = errors.find((error) => error?.code === 'is-manifest');
  if (manifest !== undefined) return manifest;
  const reasons = runners.map((r) => r.lastError?.message ?? `${r.source.label} did not answer`).join('; ');
  const [only, ...others] = runners;
  if (only?.lastError !== undefined && others.length === 0 && differing.has(only.lastError.code)) {
    return onlySourceDiffers(only, only.lastError);
  }
  if (haveAllChanged(runners)) {
    const text = `the file changed on all of its sources, and what came before cannot be completed: ${reasons}`;
    return new ManygetError('file-changed', text);
  }
  if (errors.length > 0 && errors.every((error) => error !== undefined && differing.has(error.code))) {
    return new ManygetError('sources-disagree', `no source holds the file that was begun: ${reasons}`);
  }
  const removed = runners.length > 0 && runners.every((runner) => runner.state === 'removed');
  if (removed) return new ManygetError('no-source', 'no source is left: all were removed');
  const [cause] = errors;
  const isOneReason = cause !== undefined && errors.every((error) => error?.code === cause.code);
  return new ManygetError('no-source', `no source can be used: ${reasons}`, isOneReason ? { cause } : {});
}

/** With one source there is nobody to disagree with: it never had the file that is wanted, or has it no more. */
function onlySourceDiffers(only: SourceRunner, cause: ManygetError): ManygetError {
  if (only.arrivedBytes === 0) return cause;
  if (isCondemned(only)) {
    return new ManygetError('verification-failed', `${cause.message}, and there is no other source`, { cause });
  }
  const text = `the file changed on its only source, and what came before cannot be completed: ${cause.message}`;
  return new ManygetError('file-changed', text, { cause });
}

/** Nobody holds what somebody brought a part of: there is no odd one to leave out. */
function haveAllChanged(runners: readonly SourceRunner[]): boolean {
  const codes = runners.map((runner) => runner.lastError?.code);
  const differ = codes.every((code) => code === 'size-differs' || code === 'file-changed');
  return differ && runners.some((runner) => runner.arrivedBytes > 0);
}

/** All were there once, and are gone for too long. */
export function silentSourcesError(runners: readonly SourceRunner[], silentMs: number): ManygetError {
  const reasons = runners.map((r) => r.lastError?.message ?? `${r.source.label} did not answer`).join('; ');
  return new ManygetError(
    'gave-up',
    `no source answered for ${formatDuration(silentMs)}, the state is kept: ${reasons}`,
  );
}

/** Everybody says that there is no such file: says what there is. */
export async function missingFileError(runners: readonly SourceRunner[], timeoutMs: number): Promise<ManygetError> {
  const first = runners[0];
  const what = first?.lastError?.message ?? 'the file was not found';
  if (first === undefined) return new ManygetError('file-not-found', what);
  try {
    const files = await first.source.list({ connectTimeoutMs: timeoutMs });
    if (files === undefined) return new ManygetError('file-not-found', what, { cause: first.lastError });
    const names = nearestFirst(files, first.source.fileName)
      .slice(0, namesMax)
      .map((name) => `"${printable(name, nameCharsMax)}"`);
    const more = files.length > namesMax ? ` and ${files.length - namesMax} more` : '';
    const there = files.length === 0 ? 'nothing' : `${names.join(', ')}${more}`;
    return new ManygetError('file-not-found', `${what}; ${first.source.label} offers ${there}`, {
      cause: first.lastError,
    });
  } catch (cause) {
    return new ManygetError('file-not-found', what, { cause });
  }
}

/** Names that end in what was wanted, or nearly so, then the others; in the server's order where that says nothing. */
function nearestFirst(files: readonly { readonly name: string }[], wanted: string): readonly string[] {
  const aim = wanted.toLowerCase();
  const ranked = files.map(({ name }) => ({ name, far: distance(lastPart(name).toLowerCase(), aim) }));
  return ranked.sort((a, b) => a.far - b.far).map(({ name }) => name);
}

function distance(name: string, aim: string): number {
  const far = Math.abs(name.length - aim.length) > slipsMax ? Infinity : slips(name, aim);
  return far > slipsMax ? slipsMax + 1 : far;
}

/** Why a piece is fetched again. */
export function corruptPieceReason(piece: number, labels: readonly string[], byManifest: boolean): string {
  const whose = byManifest ? 'the manifest states' : 'the servers state';
  return `piece ${piece} from ${labels.join(' and ')} does not have the hash that ${whose}: fetched again`;
}

/** Who says which hash the file has to have, as the end of a sentence, and what helps where that is wrong. */
export function statedBy({ source, info }: SourceRunner): string {
  const ignored = info?.published === undefined ? '' : ' (--no-follow-links ignores that)';
  return ` as ${source.label} states${ignored}`;
}
