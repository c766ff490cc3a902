import { randomBytes } from 'node:crypto';

const gidBytes = 8;

/** A new name of a download, as aria2 makes them: 16 hexadecimal digits, not all zero. */
export function newGid(isTaken: (gid: string) => boolean): string {
  for (;;) {
    const gid = randomBytes(gidBytes).toString('hex');
    if (!/^0+$/.test(gid) && !isTaken(gid)) return gid;
  }
}

/** Whether `text` can be a GID or the beginning of one. */
export function isGidPrefix(text: string): boolean {
  return /^[0-9a-f]{1,16}$/i.test(text);
}

/** Whether `text` can be a whole GID. */
export function isGid(text: string): boolean {
  return /^[0-9a-f]{16}$/i.test(text);
}
