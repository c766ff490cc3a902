import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { download } from '../../src/app/download.js';
import { serve } from '../../src/app/serve.js';
import type { DownloadEvent } from '../../src/base/events.js';
import type { FleetHandle } from '../../src/base/fleet-handle.js';
import type { HashAlgorithm } from '../../src/base/hash-algorithm.js';
import type { PieceHashes } from '../../src/base/manifest.js';
import { choosePieceBytes } from '../../src/wire/content-id.js';
import { randomBytesOf } from '../support/random-bytes.js';
import { smallWeb } from '../support/small-web.js';
import { tempFolder } from '../support/temp-folder.js';

const sizeBytes = 3 * 1024 * 1024 + 12_345;
const fleets: FleetHandle[] = [];

afterEach(async () => {
  await Promise.all(fleets.splice(0).map((fleet) => fleet.stop()));
});

/** A server for each of the contents, all of them under the name "f.bin"; returns their addresses. */
async function serving(...contents: Uint8Array[]): Promise<string[]> {
  const urls: string[] = [];
  for (const content of contents) {
    const file = path.join(tempFolder(), 'f.bin');
    writeFileSync(file, content);
    const fleet = await serve({ paths: [file], ports: [0] });
    fleets.push(fleet);
    urls.push(`mgp://127.0.0.1:${fleet.snapshot().servers[0]?.port ?? 0}/f.bin`);
  }
  return urls;
}

function piecesOf(bytes: Uint8Array, algorithm: HashAlgorithm, pieceBytes: number): PieceHashes {
  const digests: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    digests.push(
      createHash(algorithm)
        .update(bytes.subarray(at, at + pieceBytes))
        .digest(),
    );
  }
  return { algorithm, pieceBytes, digests: Buffer.concat(digests) };
}

function hex(algorithm: HashAlgorithm, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

const right = randomBytesOf(sizeBytes, 1);
const wrong = Buffer.from(right);
wrong.fill(0, 2_000_000, 2_000_100);

describe('a download with a manifest', () => {
  test.each([
    ['sha256', 1024 * 1024],
    ['sha256', 100_000],
    ['sha1', 1024 * 1024],
    ['md5', 262_144],
    ['sha512', 5_000_000],
  ] as const)('verifies %s pieces of %i bytes against it', async (algorithm, pieceBytes) => {
    const output = path.join(tempFolder(), 'out.bin');
    const pieces = piecesOf(right, algorithm, pieceBytes);
    const sources = await serving(right, right);
    const report = await download({ sources, output, manifest: { sizeBytes, pieces } }).done;
    expect(report).toMatchObject({ piecesVerified: Math.ceil(sizeBytes / pieceBytes), sha256: hex('sha256', right) });
    expect(readFileSync(output).equals(right)).toBe(true);
  });

  test('fetches a piece that is wrong from another source, whoever is in the majority', async () => {
    const output = path.join(tempFolder(), 'out.bin');
    const pieces = piecesOf(right, 'sha1', 500_000);
    const sources = await serving(wrong, wrong, right);
    const handle = download({ sources, output, manifest: { sizeBytes, pieces } });
    const corrupt = eventsOf(handle.events(), 'piece-corrupt');
    await handle.done;
    expect(readFileSync(output).equals(right)).toBe(true);
    for (const event of await corrupt) expect(event.reason).toContain('the hash that the manifest states');
  });

  test('leaves out sources that say at once that they hold something else', async () => {
    const output = path.join(tempFolder(), 'out.bin');
    const pieces = piecesOf(right, 'sha256', choosePieceBytes(sizeBytes));
    const sources = await serving(wrong, Buffer.concat([right, right]), right);
    const report = await download({ sources, output, manifest: { sizeBytes, pieces } }).done;
    expect(readFileSync(output).equals(right)).toBe(true);
    expect(report.sources.map((source) => source.bytes > 0)).toEqual([false, false, true]);
    expect(report.sources[1]?.note).toContain(`expected ${sizeBytes} bytes as the manifest states`);
  });

  test('ends where no source holds that file, and gives nobody its name', async () => {
    const output = path.join(tempFolder(), 'out.bin');
    const sources = await serving(wrong, right.subarray(1));
    const done = download({
      sources,
      output,
      manifest: { sizeBytes, pieces: piecesOf(right, 'sha256', 1 << 20) },
    }).done;
    await expect(done).rejects.toMatchObject({ code: 'sources-disagree' });
    expect(existsSync(output)).toBe(false);
  });

  test('checks the hashes of the whole file, and says so', async () => {
    const output = path.join(tempFolder(), 'out.bin');
    const hashes = { sha512: hex('sha512', right), sha256: hex('sha256', right), md5: hex('md5', right) };
    const handle = download({ sources: await serving(right), output, manifest: { hashes } });
    const notices = eventsOf(handle.events(), 'notice');
    expect(await handle.done).toMatchObject({ sha256: hashes.sha256, sha256Origin: 'computed' });
    expect((await notices).map((event) => event.reason)).toContain(
      'the whole file is as expected: sha-512, sha-256, md5',
    );
  });

  test('keeps the state and not the name of a file that has another hash as a whole', async () => {
    const output = path.join(tempFolder(), 'out.bin');
    const sources = await serving(right);
    const expected = hex('sha1', wrong);
    const done = download({ sources, output, manifest: { hashes: { sha1: expected } } }).done;
    await expect(done).rejects.toMatchObject({
      code: 'verification-failed',
      message: expect.stringContaining(`is ${hex('sha1', right)}, expected ${expected}`) as string,
    });
    expect(existsSync(output)).toBe(false);
    expect(readFileSync(`${output}.part`).equals(right)).toBe(true);
    const report = await download({ sources, output, manifest: { hashes: { sha1: hex('sha1', right) } } }).done;
    expect(report).toMatchObject({ fetchedBytes: 0, resumedBytes: sizeBytes });
  });

  test('goes on with pieces of any algorithm where an earlier run stopped', async () => {
    const output = path.join(tempFolder(), 'out.bin');
    const pieces = piecesOf(right, 'md5', 300_000);
    const sources = await serving(right);
    const hashes = { md5: hex('md5', wrong) };
    await expect(download({ sources, output, manifest: { pieces, hashes } }).done).rejects.toMatchObject({
      code: 'verification-failed',
    });
    const damaged = readFileSync(`${output}.part`);
    damaged.fill(7, 700_000, 700_010);
    writeFileSync(`${output}.part`, damaged);
    const report = await download({ sources, output, manifest: { pieces } }).done;
    // What the journal vouches for is a block of at most 1 MiB, here of several pieces.
    expect(report.fetchedBytes).toBeGreaterThan(0);
    expect(report.fetchedBytes).toBeLessThanOrEqual(1024 * 1024);
    expect(readFileSync(output).equals(right)).toBe(true);
  });

  test('works from web servers that know nothing of pieces', async () => {
    const output = path.join(tempFolder(), 'out.bin');
    const sources = [`${await smallWeb({ '*': right })}f.bin`, `${await smallWeb({ '*': wrong })}f.bin`];
    const manifest = { sizeBytes, hashes: { sha1: hex('sha1', right) }, pieces: piecesOf(right, 'sha1', 262_144) };
    const report = await download({ sources, output, manifest }).done;
    expect(report).toMatchObject({ piecesVerified: 13 });
    expect(readFileSync(output).equals(right)).toBe(true);
  });

  test('of a file on web servers is checked as a whole where nothing is known of its pieces', async () => {
    const output = path.join(tempFolder(), 'out.bin');
    const sources = [`${await smallWeb({ '*': wrong })}f.bin`];
    const done = download({ sources, output, manifest: { hashes: { sha256: hex('sha256', right) } } }).done;
    await expect(done).rejects.toMatchObject({ code: 'verification-failed' });
    expect(existsSync(output)).toBe(false);
    const good = [`${await smallWeb({ '*': right })}f.bin`];
    const manifest = { hashes: { sha256: hex('sha256', right) } };
    expect(await download({ sources: good, output, resume: false, manifest }).done).toMatchObject(manifest.hashes);
  });

  test('of a file whose only server states another hash of all of it ends at once, and says both', async () => {
    const output = path.join(tempFolder(), 'out.bin');
    const [stated, expected] = [hex('sha256', right), hex('sha256', wrong)];
    const [url = ''] = await serving(right);
    const seen = await download({ sources: [url], output: `${output}.first` }).done;
    expect(seen.sha256).toBe(stated);
    await expect(
      download({ sources: [url], output, manifest: { hashes: { sha256: expected } } }).done,
    ).rejects.toMatchObject({
      code: 'content-differs',
      message: expect.stringContaining(
        `SHA-256 ${stated}, expected ${expected} as the checksum or manifest states`,
      ) as string,
    });
    expect(existsSync(output)).toBe(false);
  });

  test('of an empty file is checked like any other', async () => {
    const output = path.join(tempFolder(), 'out.bin');
    const sources = await serving(new Uint8Array(0));
    const none = new Uint8Array(0);
    await download({ sources, output, manifest: { sizeBytes: 0, hashes: { sha256: hex('sha256', none) } } }).done;
    expect(readFileSync(output).length).toBe(0);
  });
});

async function eventsOf<Type extends DownloadEvent['type']>(
  events: AsyncIterable<DownloadEvent>,
  type: Type,
): Promise<Extract<DownloadEvent, { type: Type }>[]> {
  const found: Extract<DownloadEvent, { type: Type }>[] = [];
  for await (const event of events) {
    if (event.type === type) found.push(event as Extract<DownloadEvent, { type: Type }>);
  }
  return found;
}
