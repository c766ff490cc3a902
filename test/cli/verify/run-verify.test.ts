import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { expectedContent } from '../../../src/app/expected-content.js';
import { makeManifest } from '../../../src/app/make-manifest.js';
import { openSigner } from '../../../src/app/open-signer.js';
import { repairBy } from '../../../src/app/repair.js';
import { verifyFile } from '../../../src/app/verify.js';
import { checkNewFile, writeNewFile } from '../../../src/app/write-new-file.js';
import { runManifest } from '../../../src/cli/manifest/run-manifest.js';
import { parseArguments } from '../../../src/cli/program.js';
import { runRepair } from '../../../src/cli/repair/run-repair.js';
import { runVerify } from '../../../src/cli/verify/run-verify.js';
import { memoryIo, type MemoryIo } from '../../support/cli-streams.js';
import { openKey, sealedKey } from '../../support/minisign-samples.js';
import { randomBytesOf } from '../../support/random-bytes.js';
import { tempFolder } from '../../support/temp-folder.js';

const content = randomBytesOf(10_000, 5);

/** Runs `manyget` with these arguments. */
async function manyget(io: MemoryIo, ...args: string[]): Promise<number> {
  const invocation = parseArguments(args);
  switch (invocation.type) {
    case 'manifest':
      return runManifest(invocation.command, { makeManifest, openSigner, checkNewFile, writeNewFile }, io);
    case 'verify':
      return runVerify(invocation.command, { expectedContent, verifyFile }, io);
    case 'repair':
      return runRepair(invocation.command, { repairBy }, io);
    default:
      throw new Error(`${args.join(' ')} is ${invocation.type}`);
  }
}

function fileWith(bytes: Uint8Array): string {
  const file = join(tempFolder(), 'f.bin');
  writeFileSync(file, bytes);
  return file;
}

async function described(...args: string[]): Promise<{ file: string; manifest: string }> {
  const file = fileWith(content);
  const manifest = join(tempFolder(), 'f.meta4');
  expect(await manyget(memoryIo(), 'manifest', file, '--piece-size', '4K', '-o', manifest, ...args)).toBe(0);
  return { file, manifest };
}

describe('manifest', () => {
  test('prints, or writes a file that it does not replace unasked', async () => {
    const { file, manifest } = await described('--url', 'http://h/f.bin');
    const io = memoryIo();
    expect(await manyget(io, 'manifest', file, '--piece-size', '4K', '--url', 'http://h/f.bin')).toBe(0);
    expect(io.stdout.text).toBe(readFileSync(manifest, 'utf8'));
    expect(io.stderr.text).toBe('');
    await expect(manyget(io, 'manifest', file, '-o', manifest)).rejects.toMatchObject({ code: 'output-exists' });
    expect(await manyget(io, 'manifest', file, '-o', manifest, '--overwrite')).toBe(0);
    expect(io.stderr.text).toContain('no --url was named');
  });

  test.each([[['manifest']], [['manifest', 'f', '--piece-size', '12']], [['manifest', 'f', '--url']]])(
    '%j makes no sense',
    (args) => {
      expect(() => parseArguments(args)).toThrow(expect.objectContaining({ code: 'usage' }));
    },
  );
});

test.each(['verify', 'repair'])(
  '%s is ended by the first Ctrl-C, also while nobody sends the manifest',
  async (command) => {
    const io = memoryIo();
    await using silent = createServer((socket) => {
      socket.on('error', () => undefined).once('data', () => io.signal('SIGINT'));
    });
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as AddressInfo;
    const running = manyget(io, command, fileWith(content), '--manifest', `http://127.0.0.1:${port}/m`, '--no-netrc');
    await expect(running).rejects.toMatchObject({ code: 'aborted', exitStatus: 130, message: 'stopped by you' });
    expect(io.exits).toEqual([]);
  },
);

describe('verify', () => {
  test('says that a file is right, by its pieces or by a checksum', async () => {
    const { file, manifest } = await described();
    const io = memoryIo();
    expect(await manyget(io, 'verify', file, '--manifest', manifest)).toBe(0);
    expect(io.stdout.text).toBe(`${file} is right: 3 pieces, 9.77 KiB\n`);
    const sha1 = createHash('sha1').update(content).digest('hex');
    const sums = join(tempFolder(), 'SHA1SUMS');
    writeFileSync(sums, `SHA1 (f.bin) = ${sha1}\n`);
    const quiet = memoryIo();
    expect(await manyget(quiet, 'verify', file, '-q', '--checksum', `sha-1=${sha1}`, '--checksums', sums)).toBe(0);
    expect(quiet.stdout.text).toBe('');
  });

  test('names the bad pieces by their bytes, and fails', async () => {
    const { manifest } = await described();
    const bad = Buffer.from(content);
    bad.fill(0, 5000, 5001);
    const io = memoryIo();
    const file = fileWith(bad.subarray(0, 9000));
    await expect(manyget(io, 'verify', file, '--manifest', manifest)).rejects.toMatchObject({
      code: 'verification-failed',
      exitStatus: 32,
      message: `${file} is not as expected: 2 of 3 pieces are bad, 5.77 KiB`,
    });
    expect(io.stdout.lines()).toEqual([
      `${file} is wrong`,
      '  it has 9000 bytes, expected 10000',
      '  piece 1  bytes 4096-8191  wrong',
      '  piece 2  bytes 8192-9999  missing',
    ]);
  });

  test('gives a program all that it found', async () => {
    const { manifest } = await described();
    const io = memoryIo();
    const file = fileWith(content.subarray(1));
    await expect(manyget(io, 'verify', file, '--manifest', manifest, '--json')).rejects.toThrow();
    expect(JSON.parse(io.stdout.text)).toMatchObject({
      type: 'verify',
      report: { isGood: false, pieceCount: 3, badPieces: [{ index: 0 }, { index: 1 }, { index: 2, isMissing: true }] },
    });
  });

  test('tells a wrong whole, or a wrong size, in one sentence', async () => {
    const file = fileWith(content);
    const wrong = 'sha-256='.concat('0'.repeat(64));
    await expect(manyget(memoryIo(), 'verify', file, '--checksum', wrong)).rejects.toMatchObject({
      message: expect.stringMatching(/its sha-256 is [0-9a-f]{64}, expected 0{64}$/) as string,
    });
    const { manifest } = await described();
    const longer = fileWith(Buffer.concat([content, Buffer.from('x')]));
    await expect(manyget(memoryIo(), 'verify', longer, '--manifest', manifest)).rejects.toMatchObject({
      message: `${longer} has 10001 bytes, expected 10000`,
    });
    await expect(manyget(memoryIo(), 'verify', file)).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('repair', () => {
  test('says so where there is nothing to do', async () => {
    const { file, manifest } = await described();
    const io = memoryIo();
    expect(await manyget(io, 'repair', file, '--manifest', manifest)).toBe(0);
    expect(io.stdout.text).toContain('is right: 3 pieces');
  });

  test('shows what is wrong, and needs somebody to fetch it from', async () => {
    const { manifest } = await described('--url', 'ftp://h/f.bin');
    const io = memoryIo();
    await expect(manyget(io, 'repair', fileWith(content.subarray(1)), '--manifest', manifest)).rejects.toMatchObject({
      code: 'no-source',
    });
    expect(() => parseArguments(['repair', 'f'])).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('signed', () => {
  function keyFile(secretKey: string): string {
    const file = join(tempFolder(), 'test.key');
    writeFileSync(file, secretKey);
    return file;
  }

  async function signed(): Promise<{ file: string; manifest: string; key: string }> {
    const [file, key] = [fileWith(content), keyFile(openKey.secretKey)];
    expect(await manyget(memoryIo(), 'manifest', file, '--sign', key, '--url', 'http://h/f.bin')).toBe(0);
    return { file, manifest: `${file}.meta4`, key };
  }

  test('a manifest stands beside the file, its signature beside it, and both verify', async () => {
    const { file, manifest } = await signed();
    const demand = ['--manifest', manifest, '--trusted-key', openKey.publicKey];
    expect(await manyget(memoryIo(), 'verify', file, ...demand)).toBe(0);
    expect(await manyget(memoryIo(), 'repair', file, ...demand)).toBe(0);
    await expect(
      manyget(memoryIo(), 'verify', file, '--manifest', manifest, '--trusted-key', sealedKey.publicKey),
    ).rejects.toMatchObject({ code: 'signature-wrong' });
    writeFileSync(manifest, `${readFileSync(manifest, 'utf8')}\n`);
    for (const command of ['verify', 'repair']) {
      await expect(manyget(memoryIo(), command, file, ...demand)).rejects.toMatchObject({ code: 'signature-wrong' });
    }
  });

  test('nothing is replaced unasked, and nothing is written where only the signature is in the way', async () => {
    const { file, manifest, key } = await signed();
    const again = ['manifest', file, '--sign', key];
    await expect(manyget(memoryIo(), ...again)).rejects.toMatchObject({ code: 'output-exists' });
    expect(await manyget(memoryIo(), ...again, '--overwrite')).toBe(0);
    const other = join(tempFolder(), 'o.meta4');
    writeFileSync(`${other}.minisig`, 'mine');
    await expect(manyget(memoryIo(), ...again, '-o', other)).rejects.toMatchObject({ code: 'output-exists' });
    expect(existsSync(other)).toBe(false);
    expect(existsSync(manifest)).toBe(true);
  });

  test('a key with a password takes it from the environment, never from the command line', async () => {
    const [file, key] = [fileWith(content), keyFile(sealedKey.secretKey)];
    await expect(manyget(memoryIo(), 'manifest', file, '--sign', key)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('MANYGET_KEY_PASSWORD') as string,
    });
    expect(existsSync(`${file}.meta4`)).toBe(false);
  });

  test.each([
    [['manifest', 'f', '--sign', 'k', '-o', '-'], /standard output has no place/],
    [['manifest', 'f', 'g', '--sign', 'k'], /name it with -o/],
    [['verify', 'f', '--signature', 's'], /--signature needs --trusted-key/],
    [['get', 'http://h/f', '--signature', 's'], /--signature needs --trusted-key/],
    [['get', 'f.meta4', '--trusted-key', 'k', '--no-verify'], /--no-verify does not go with/],
  ])('%j makes no sense', (args, sentence) => {
    expect(() => parseArguments(args)).toThrow(sentence);
  });
});
