import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { makeManifest } from '../../src/app/make-manifest.js';
import type { Outcome } from './http-download.js';
import { HttpTestServer, type Quirk } from './http-test-server.js';
import { randomBytesOf } from './random-bytes.js';
import { tempFolder } from './temp-folder.js';

/** A file, and servers of it that publish things beside it (RFC 6249, 3230, 9530). */
export const mib = 1024 * 1024;
/** What the servers have. */
export const file = randomBytesOf(6 * mib + 4321);
/** Another one, as long. */
export const other = randomBytesOf(6 * mib + 4321, 2);

/** In base64, as headers have it. */
export function digest(of: Uint8Array, algorithm = 'sha256'): string {
  return createHash(algorithm).update(of).digest('base64');
}

/** The right answer, with more headers. */
export function says(headers: Record<string, string | undefined>): Quirk {
  return (_ask, right) => ({ ...right, headers: { ...right.headers, ...headers } });
}

/** A Metalink of `of`, cut in pieces of 512 KiB. */
export async function metalinkOf(
  of: Uint8Array,
  urls: readonly string[] = [],
  pieceBytes = 512 * 1024,
): Promise<Buffer> {
  const path = join(tempFolder(), 'f.bin');
  writeFileSync(path, of);
  return Buffer.from(await makeManifest({ files: [path], urls, pieceBytes }));
}

interface Described {
  /** What the server holds. Default: the file. */
  readonly holds?: Uint8Array;
  /** Nothing is answered before. */
  readonly held?: Promise<void>;
  /** Promises pieces of 256 KiB, as the file is cut where nobody says otherwise. */
  readonly promises?: boolean;
}

/** A server of the file that names a Metalink of it, which it has itself. */
export async function describing(
  document: Uint8Array,
  headers: Record<string, string> = {},
  { holds = file, promises = false, held }: Described = {},
): Promise<HttpTestServer> {
  const described = `</f.meta4>; rel=describedby; type="application/metalink4+xml"${promises ? '; piece-length=262144' : ''}`;
  return HttpTestServer.start({
    file: holds,
    held,
    quirk: (ask, right) => {
      if (ask.path === '/f.meta4') {
        return {
          status: document.length === 0 ? 404 : 200,
          headers: { 'Content-Type': 'application/metalink4+xml' },
          body: document,
          framing: 'length',
        };
      }
      const link = [described, headers['Link'] ?? ''].join(', ');
      return { ...right, headers: { ...right.headers, ...headers, Link: link } };
    },
  });
}

/** The outcome, which has to be the file. */
export function whole(outcome: Outcome): Extract<Outcome, { kind: 'whole' }> {
  if (outcome.kind === 'failed') throw outcome.error;
  expect(file.equals(outcome.bytes)).toBe(true);
  return outcome;
}
