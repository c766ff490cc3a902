import { open } from 'node:fs/promises';
import { asManygetError, ManygetError } from '../base/errors.js';
import { messageOf } from '../base/message-of.js';
import { printable } from '../base/printable.js';
import { codeOf } from '../store/disk.js';

/** Gets all bytes at an address, `bytesMax` at the most; rejects where there are more. */
export type FetchBytes = (url: string, bytesMax: number) => Promise<Uint8Array>;

export interface DocumentPlaces {
  /** What "-" stands for. */
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly fetchBytes: FetchBytes;
}

const fileReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
};

/**
 * A small document that describes downloads: from a file, from an address, or from standard input ("-").
 * @param what What it is, for messages: "metalink".
 * @throws ManygetError `manifest-unreadable`, or `manifest-refused` where it is longer than `bytesMax`.
 */
export async function readDocument(
  from: string,
  what: string,
  bytesMax: number,
  places: DocumentPlaces,
): Promise<Uint8Array> {
  const label = `${what} "${printable(from)}"`;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(from)) {
    return places.fetchBytes(from, bytesMax).catch((cause: unknown) => {
      throw notFetched(label, asManygetError(cause));
    });
  }
  if (from === '-') return collect(places.stdin, label, bytesMax);
  try {
    const file = await open(from);
    return await collect(file.createReadStream(), label, bytesMax);
  } catch (error) {
    if (error instanceof ManygetError) throw error;
    throw unreadable(label, whyUnreadable(error), error);
  }
}

/** What the system said of a file that a user named, in words. */
export function whyUnreadable(error: unknown): string {
  return fileReasons[codeOf(error) ?? ''] ?? messageOf(error);
}

/** All that a stream gives. @throws ManygetError `manifest-refused` beyond `bytesMax`. */
async function collect(
  stream: AsyncIterable<Uint8Array | string>,
  label: string,
  bytesMax: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const read = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    bytes += read.length;
    if (bytes > bytesMax) throw new ManygetError('manifest-refused', `${label} has more than ${bytesMax} bytes`);
    chunks.push(read);
  }
  return Buffer.concat(chunks);
}

/** A document that was fetched and is refused is not the same as one that cannot be had. */
function notFetched(label: string, cause: ManygetError): ManygetError {
  if (cause.code !== 'manifest-refused') return unreadable(label, cause.message, cause);
  return new ManygetError(cause.code, `${label} is refused: ${cause.message}`, { cause });
}

function unreadable(label: string, why: string, cause: unknown): ManygetError {
  return new ManygetError('manifest-unreadable', `cannot read ${label}: ${printable(why)}`, { cause });
}
