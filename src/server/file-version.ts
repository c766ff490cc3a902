import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { handledFileBytesMax } from '../wire/content-id.js';

/** What a `Date` can be (ECMA-262, 21.4.1.1): some file systems take any time, and a date beyond it throws where it is shown. */
const dateMsMax = 8.64e15;

/** One state of one file on this disk: what a request's `version` stands for. */
export interface FileFacts {
  /** Real path: no part of it is a symbolic link. */
  readonly path: string;
  readonly version: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/**
 * A token that changes whenever the file is written to, cut, or replaced: over device, inode, size and both times.
 * The change time is in it because a modification time can be set back, the change time cannot.
 */
export function fileVersion(stats: BigIntStats): string {
  return createHash('sha256')
    .update(`${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`)
    .digest('base64url')
    .slice(0, 22);
}

/** What `stats` say about the file at `path`; undefined where it is none that can be served. */
export function fileFacts(path: string, stats: BigIntStats): FileFacts | undefined {
  if (!stats.isFile() || stats.size > BigInt(handledFileBytesMax)) return undefined;
  const mtimeMs = Math.max(-dateMsMax, Math.min(Number(stats.mtimeMs), dateMsMax));
  return { path, version: fileVersion(stats), size: Number(stats.size), mtimeMs };
}
