import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** The built page: a few small files, read once. They hold no secret, so that they are for everybody who may connect. */
export interface PageFile {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  /** Files with a hash in their name never change. */
  readonly isForGood: boolean;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

/** The page asks nobody but its own daemon for anything. */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Path ("/assets/x.js") to file. Empty where the page was not built. */
export function readPageFiles(folder: string): Map<string, PageFile> {
  const files = new Map<string, PageFile>();
  const read = (below: string): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const path = `${below}/${entry.name}`;
      if (entry.isDirectory()) read(path);
      else files.set(path, pageFile(join(folder, path), path));
    }
  };
  try {
    read('');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const index = files.get('/index.html');
  if (index !== undefined) files.set('/', index);
  return files;
}

function pageFile(file: string, path: string): PageFile {
  const body = new Uint8Array(readFileSync(file));
  const gzipped = new Uint8Array(gzipSync(body, { level: 9 }));
  return {
    type: types[extname(path)] ?? 'application/octet-stream',
    body,
    gzipped,
    isForGood: path.startsWith('/assets/'),
  };
}
