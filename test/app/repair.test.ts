import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { planRepair } from '../../src/app/repair.js';
import { serve } from '../../src/app/serve.js';
import { verifyFile } from '../../src/app/verify.js';
import type { FleetHandle } from '../../src/base/fleet-handle.js';
import type { HashAlgorithm } from '../../src/base/hash-algorithm.js';
import type { ExpectedContent } from '../../src/base/manifest.js';
import { randomBytesOf } from '../support/random-bytes.js';
import { tempFolder } from '../support/temp-folder.js';

const pieceBytes = 100_000;
const sizeBytes = 1_234_567;
const right = randomBytesOf(sizeBytes, 7);
const fleets: FleetHandle[] = [];

afterEach(async () => {
  await Promise.all(fleets.splice(0).map((fleet) => fleet.stop()));
});

function hex(algorithm: HashAlgorithm, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

function expected(algorithm: HashAlgorithm): ExpectedContent {
  const digests: Buffer[] = [];
  for (let at = 0; at < sizeBytes; at += pieceBytes) {
    digests.push(
      createHash(algorithm)
        .update(right.subarray(at, at + pieceBytes))
        .digest(),
    );
  }
  return {
    sizeBytes,
    hashes: { [algorithm]: hex(algorithm, right) },
    pieces: { algorithm, pieceBytes, digests: Buffer.concat(digests) },
  };
}

function damaged(...at: number[]): string {
  const file = path.join(tempFolder(), 'f.bin');
  const bytes = Buffer.from(right);
  for (const offset of at) bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  return file;
}

async function served(): Promise<string[]> {
  const file = path.join(tempFolder(), 'f.bin');
  writeFileSync(file, right);
  const fleet = await serve({ paths: [file], ports: [0] });
  fleets.push(fleet);
  return [`mgp://127.0.0.1:${fleet.snapshot().servers[0]?.port ?? 0}/f.bin`];
}

test('a link in the place of the part file is not written through', async () => {
  const file = damaged(500);
  const elsewhere = path.join(tempFolder(), 'elsewhere');
  writeFileSync(elsewhere, 'somebody else');
  symlinkSync(elsewhere, `${file}.part`);
  const repair = await planRepair(file, expected('sha256'));
  const handle = await repair.start?.({ sources: await served() });
  await handle?.done;
  expect(readFileSync(elsewhere, 'utf8')).toBe('somebody else');
  expect(readFileSync(file).equals(right)).toBe(true);
});

describe('verifying', () => {
  test('finds nothing wrong with the right file', async () => {
    const report = await verifyFile(damaged(), expected('sha256'));
    expect(report).toMatchObject({ isGood: true, badPieces: [], pieceCount: 13, sizeBytes, whole: undefined });
  });

  test('names every bad piece, and those that are missing', async () => {
    const file = damaged(0, 250_000);
    truncateSync(file, 1_150_000);
    const report = await verifyFile(file, expected('sha1'));
    expect(report.isGood).toBe(false);
    expect(report.badPieces).toEqual([
      { index: 0, start: 0, end: 100_000, isMissing: false },
      { index: 2, start: 200_000, end: 300_000, isMissing: false },
      { index: 11, start: 1_100_000, end: 1_200_000, isMissing: true },
      { index: 12, start: 1_200_000, end: 1_234_567, isMissing: true },
    ]);
  });

  test('without piece hashes compares the strongest hash of the whole', async () => {
    const hashes = { md5: hex('md5', right), sha512: hex('sha512', right) };
    expect(await verifyFile(damaged(), { hashes })).toMatchObject({ isGood: true, whole: { algorithm: 'sha512' } });
    expect(await verifyFile(damaged(5), { hashes })).toMatchObject({ isGood: false, badPieces: [] });
  });

  test('compares a whole hash that is stronger than those of the pieces', async () => {
    const content = { ...expected('md5'), hashes: { sha256: hex('sha256', right.subarray(1)) } };
    expect(await verifyFile(damaged(), content)).toMatchObject({ isGood: false, badPieces: [] });
  });

  test('sees a file that is too long', async () => {
    const file = damaged();
    writeFileSync(file, 'x', { flag: 'a' });
    expect(await verifyFile(file, expected('sha256'))).toMatchObject({
      isGood: false,
      badPieces: [],
      sizeBytes: sizeBytes + 1,
    });
  });

  test('needs a file and something to compare it with', async () => {
    await expect(verifyFile(path.join(tempFolder(), 'gone'), expected('md5'))).rejects.toMatchObject({
      code: 'io-failed',
    });
    await expect(verifyFile(tempFolder(), expected('md5'))).rejects.toMatchObject({ code: 'io-failed' });
    await expect(verifyFile(damaged(), {})).rejects.toMatchObject({ code: 'manifest-refused' });
    await expect(verifyFile(damaged(), expected('md5'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});

describe('repairing', () => {
  test.each(['sha256', 'sha1'] as const)('fetches the bad pieces alone, by %s', async (algorithm) => {
    const file = damaged(0, 250_000, sizeBytes - 1);
    const inode = statSync(file).ino;
    const repair = await planRepair(file, expected(algorithm));
    expect(repair.badBytes).toBe(200_000 + 34_567);
    const report = await (await repair.start?.({ sources: await served() }))?.done;
    expect(report).toMatchObject({ fetchedBytes: 234_567, resumedBytes: sizeBytes - 234_567, outputPath: file });
    expect(readFileSync(file).equals(right)).toBe(true);
    expect(statSync(file).ino).not.toBe(inode);
    expect(readdirSync(path.dirname(file))).toEqual(['f.bin']);
  });

  test('gives a file its size, whether it was too short or too long', async () => {
    for (const size of [0, 700_001, sizeBytes + 50_000]) {
      const file = damaged();
      truncateSync(file, size);
      const repair = await planRepair(file, expected('sha256'));
      await (
        await repair.start?.({ sources: await served() })
      )?.done;
      expect(readFileSync(file).equals(right)).toBe(true);
    }
  });

  test('makes a file empty that should be', async () => {
    const file = damaged();
    const empty = path.join(tempFolder(), 'f.bin');
    writeFileSync(empty, '');
    const fleet = await serve({ paths: [empty], ports: [0] });
    fleets.push(fleet);
    const nothing = { sizeBytes: 0, hashes: { sha256: hex('sha256', Buffer.alloc(0)) } };
    const repair = await planRepair(file, nothing);
    const handle = await repair.start?.({
      sources: [`mgp://127.0.0.1:${fleet.snapshot().servers[0]?.port ?? 0}/f.bin`],
    });
    await handle?.done;
    expect(readdirSync(path.dirname(file))).toEqual(['f.bin']);
    expect(statSync(file).size).toBe(0);
  });

  test('leaves a good file alone', async () => {
    const file = damaged();
    const repair = await planRepair(file, expected('sha256'));
    expect(repair).toMatchObject({ badBytes: 0, start: undefined });
  });

  test('mends what a link names, and keeps the link', async () => {
    const file = damaged(1);
    const link = path.join(tempFolder(), 'link');
    symlinkSync(file, link);
    const repair = await planRepair(link, expected('sha256'));
    await (
      await repair.start?.({ sources: await served() })
    )?.done;
    expect(readFileSync(file).equals(right)).toBe(true);
    expect(readFileSync(link).equals(right)).toBe(true);
  });

  test('that is cut off leaves the file as it was, and goes on later', async () => {
    const file = damaged(0, 500_000);
    const before = readFileSync(file);
    const repair = await planRepair(file, expected('sha256'));
    const handle = await repair.start?.({ sources: await served() });
    await handle?.cancel('cut off');
    await expect(handle?.done).rejects.toMatchObject({ code: 'aborted' });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(existsSync(`${file}.part`)).toBe(true);
    const again = await planRepair(file, expected('sha256'));
    await (
      await again.start?.({ sources: await served() })
    )?.done;
    expect(readFileSync(file).equals(right)).toBe(true);
  });

  test('needs to know where the bad bytes are', async () => {
    const { pieces, ...content } = expected('sha256');
    await expect(planRepair(damaged(1), content)).rejects.toMatchObject({
      code: 'manifest-refused',
      message: expect.stringContaining('no piece hashes that say where') as string,
    });
    await expect(planRepair(damaged(1), { pieces })).rejects.toMatchObject({ code: 'manifest-refused' });
  });
});
