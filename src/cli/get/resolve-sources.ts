/** From what the user named to the addresses of one file. */
import { asManygetError, ManygetError } from '../../base/errors.js';
import { formatMgpUrl } from '../../base/mgp-address.js';
import { printable } from '../../base/printable.js';
import { usageError } from '../options/usage-error.js';
import type { ServedFrom } from './get-request.js';

export interface ListedFile {
  readonly name: string;
  readonly size: number;
}

interface Servers {
  readonly host: string;
  readonly ports: readonly number[];
}

/** Asks one server what it offers. */
export type ListFiles = (url: string, token?: string, connectTimeoutMs?: number) => Promise<readonly ListedFile[]>;

const namesShownMax = 12;

/** `listFiles` as somebody who knows the token, and waits for a connection for so long. */
export function listWith(listFiles: ListFiles, token?: string, connectTimeoutMs?: number): ListFiles {
  return (url) => listFiles(url, token, connectTimeoutMs);
}

/** The addresses that `from` stands for; without a NAME, of the one file that the servers offer. */
export async function resolveSources(from: ServedFrom, listFiles: ListFiles): Promise<readonly string[]> {
  if (from.kind === 'urls') return from.urls;
  const name = from.name ?? onlyName(await listFromAny(from.host, from.ports, listFiles), from.host);
  return servedUrls(from, name);
}

/** The addresses of `name` on servers of one host. */
export function servedUrls({ host, ports }: Servers, name: string): readonly string[] {
  return ports.map((port) => formatMgpUrl({ host, port, name, isSecure: false }));
}

/** What the first of the servers that answers offers. All are asked at once: a dead one holds nobody up. */
export async function listFromAny(
  host: string,
  ports: readonly number[],
  listFiles: ListFiles,
): Promise<readonly ListedFile[]> {
  try {
    return await Promise.any(
      ports.map(async (port) => listFiles(formatMgpUrl({ host, port, name: '', isSecure: false }))),
    );
  } catch (thrown) {
    const failures: unknown[] = thrown instanceof AggregateError ? thrown.errors : [thrown];
    const cause = asManygetError(failures[0]);
    if (ports.length === 1) throw cause;
    throw new ManygetError('no-source', `none of the ${ports.length} servers answered; the first: ${cause.message}`, {
      cause,
    });
  }
}

function onlyName(files: readonly ListedFile[], host: string): string {
  const [first] = files;
  if (first === undefined) throw new ManygetError('file-not-found', `the servers at ${printable(host)} offer no file`);
  if (files.length === 1) return first.name;
  const shown = files.slice(0, namesShownMax).map((file) => printable(file.name, 80));
  const more = files.length > namesShownMax ? `, and ${files.length - namesShownMax} more` : '';
  throw usageError(`the servers offer ${files.length} files, name one of them: ${shown.join(', ')}${more}`);
}
