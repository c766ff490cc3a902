import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { BlockPool } from '../../src/store/block-pool.js';
import { realDisk } from '../../src/store/disk.js';
import { completeCutFinish, PartFile } from '../../src/store/part-file.js';
import { preallocate } from '../../src/store/preallocate.js';
import { FaultyDisk } from '../support/faulty-disk.js';
import { tempFolder } from '../support/temp-folder.js';

const text = new TextEncoder().encode('0123456789abcdef');

function place(): { part: string; output: string } {
  const output = path.join(tempFolder(), 'a.bin');
  return { part: `${output}.part`, output };
}

/** A part file of 16 bytes, all written. */
function written(disk = new FaultyDisk()): { part: PartFile; output: string; disk: FaultyDisk } {
  const { part: at, output } = place();
  const part = PartFile.open(disk, at, text.length, { fresh: true });
  part.write(text, 0, text.length, 0);
  return { part, output, disk };
}

describe('a part file', () => {
  it('has its size from the start and takes bytes at any offset', () => {
    const { part: at } = place();
    const part = PartFile.open(realDisk, at, 5 * 1024 ** 3, { fresh: true });
    expect(statSync(at).size).toBe(5 * 1024 ** 3);
    expect(statSync(at).blocks).toBe(0);
    part.write(text, 4, 10, 5 * 1024 ** 3 - 6);
    const target = new Uint8Array(10);
    expect(part.read(target, 5 * 1024 ** 3 - 6)).toBe(6);
    expect(new TextDecoder().decode(target.subarray(0, 6))).toBe('456789');
    part.close();
    part.close();
  });

  it('keeps what an earlier run left, unless it is to be fresh, and cuts what is too long', () => {
    const { part: at } = place();
    writeFileSync(at, 'kept bytes and more');
    PartFile.open(realDisk, at, 10, { fresh: false }).close();
    expect(readFileSync(at, 'latin1')).toBe('kept bytes');
    PartFile.open(realDisk, at, 12, { fresh: false }).close();
    expect(readFileSync(at, 'latin1')).toBe('kept bytes\0\0');
    PartFile.open(realDisk, at, 3, { fresh: true }).close();
    expect(readFileSync(at, 'latin1')).toBe('\0\0\0');
  });

  it('is never written through a symbolic link, and is a regular file', () => {
    const { part: at, output } = place();
    writeFileSync(output, 'precious');
    symlinkSync(output, at);
    expect(() => PartFile.open(realDisk, at, 10, { fresh: true })).toThrow(/symbolic link/);
    expect(readFileSync(output, 'latin1')).toBe('precious');
    const folder = path.join(tempFolder(), 'folder.part');
    mkdirSync(folder);
    expect(() => PartFile.open(realDisk, folder, 10, { fresh: false })).toThrow(
      expect.objectContaining({ code: 'io-failed' }),
    );
  });

  it('writes all of its bytes through a disk that takes three at a time', () => {
    const { part, disk } = written();
    disk.writeBytesMax = 3;
    part.write(text, 2, 16, 1);
    expect(readFileSync(part.path, 'latin1')).toBe('023456789abcdeff');
    part.close();
  });

  it('names the file, the offset and the reason when the disk is full, and goes on when it is not', () => {
    const { part, disk } = written();
    disk.spaceBytes = 5;
    expect(() => part.write(text, 0, 16, 0)).toThrow(
      expect.objectContaining({
        code: 'disk-full',
        message: `cannot write 11 bytes at offset 5 of "${part.path}": no space is left on the disk (ENOSPC)`,
      }),
    );
    disk.heal();
    part.write(text, 0, 16, 0);
    disk.fail('write', 'EDQUOT');
    expect(() => part.write(text, 0, 16, 0)).toThrow(expect.objectContaining({ code: 'disk-full' }));
    disk.fail('write', 'EIO');
    expect(() => part.write(text, 0, 16, 0)).toThrow(expect.objectContaining({ code: 'io-failed' }));
    disk.writeBytesMax = 0;
    expect(() => part.write(text, 0, 16, 0)).toThrow(/took 0 bytes/);
    part.close();
  });

  it('is nothing to write to or to read once it is closed: its descriptor may be another file', () => {
    const { part } = written();
    part.close();
    const next = PartFile.open(realDisk, place().part, text.length, { fresh: true });
    expect(() => part.write(text, 0, text.length, 0)).toThrow('is written to after its close');
    expect(() => part.read(new Uint8Array(4), 0)).toThrow('is read after its close');
    expect(readFileSync(next.path).every((byte) => byte === 0)).toBe(true);
    next.close();
  });

  it('does not believe any later sync once one has failed', async () => {
    const { part, output, disk } = written();
    disk.fail('dataSync', 'EIO');
    await expect(part.sync()).rejects.toMatchObject({ code: 'io-failed' });
    await expect(part.sync()).rejects.toMatchObject({ code: 'io-failed' });
    await expect(part.finish(output, { overwrite: false })).rejects.toMatchObject({ code: 'io-failed' });
    expect(existsSync(output)).toBe(false);
    part.close();
  });

  it('gives its descriptor back only after the sync that is under way', async () => {
    const { part, disk } = written();
    const synced = part.sync();
    part.close();
    expect(disk.count('close')).toBe(0);
    await synced;
    expect(disk.count('close')).toBe(1);
    await expect(part.sync()).rejects.toThrow('after its close');
  });

  it('reports a file system that cannot hold the size', () => {
    const { part: at } = place();
    const disk = new FaultyDisk();
    disk.fail('truncate', 'EFBIG');
    expect(() => PartFile.open(disk, at, 2 ** 33, { fresh: true })).toThrow(
      /cannot hold a file of this size \(EFBIG\)/,
    );
    expect(disk.count('close')).toBe(1);
  });
});

describe('the finish of a part file', () => {
  it('moves it to the final name after a sync, and syncs the new name before the old one goes', async () => {
    const { part, output, disk } = written();
    disk.calls.length = 0;
    await part.finish(output, { overwrite: false });
    part.close();
    expect(readFileSync(output, 'latin1')).toBe('0123456789abcdef');
    expect(readdirSync(path.dirname(output))).toEqual(['a.bin']);
    expect(disk.calls.map((call) => call.split(' ')[0])).toEqual([
      'stat',
      'sync',
      'link',
      'syncFolder',
      'unlink',
      'close',
    ]);
  });

  it('cuts what somebody put behind the end', async () => {
    const { part, output } = written();
    writeFileSync(part.path, 'more', { flag: 'a' });
    await part.finish(output, { overwrite: false });
    part.close();
    expect(statSync(output).size).toBe(16);
  });

  for (const links of [true, false]) {
    it(`never replaces a file that exists, ${links ? 'with' : 'without'} hard links`, async () => {
      const { part, output, disk } = written();
      if (!links) disk.fail('link', 'EPERM', { times: 9 });
      writeFileSync(output, 'precious');
      await expect(part.finish(output, { overwrite: false })).rejects.toMatchObject({ code: 'output-exists' });
      expect(readFileSync(output, 'latin1')).toBe('precious');
      expect(readFileSync(part.path, 'latin1')).toBe('0123456789abcdef');
      await part.finish(output, { overwrite: true });
      part.close();
      expect(readFileSync(output, 'latin1')).toBe('0123456789abcdef');
      expect(readdirSync(path.dirname(output))).toEqual(['a.bin']);
    });
  }

  it('does without hard links where the file system has none', async () => {
    const { part, output, disk } = written();
    disk.fail('link', 'ENOTSUP');
    await part.finish(output, { overwrite: false });
    part.close();
    expect(readFileSync(output, 'latin1')).toBe('0123456789abcdef');
    expect(readdirSync(path.dirname(output))).toEqual(['a.bin']);
  });

  it('does not replace a dangling link or a folder', async () => {
    const { part, output, disk } = written();
    disk.fail('link', 'EPERM', { times: 9 });
    symlinkSync('/nowhere/at/all', output);
    await expect(part.finish(output, { overwrite: false })).rejects.toMatchObject({ code: 'output-exists' });
    expect(lstatSync(output).isSymbolicLink()).toBe(true);
    const folder = path.join(tempFolder(), 'a.bin');
    mkdirSync(folder);
    await expect(part.finish(folder, { overwrite: true })).rejects.toMatchObject({ code: 'output-exists' });
    part.close();
  });

  for (const operation of ['sync', 'link', 'unlink', 'syncFolder'] as const) {
    it(`that fails in ${operation} loses nothing`, async () => {
      const { part, output, disk } = written();
      disk.fail(operation, 'EIO');
      await expect(part.finish(output, { overwrite: false })).rejects.toMatchObject({ code: 'io-failed' });
      part.close();
      const left = existsSync(part.path) ? part.path : output;
      expect(readFileSync(left, 'latin1')).toBe('0123456789abcdef');
    });
  }

  it('that was cut off between the two names is completed', () => {
    const { part, output } = written();
    part.close();
    expect(completeCutFinish(realDisk, part.path, output)).toBe(false);
    writeFileSync(output, 'another file');
    expect(completeCutFinish(realDisk, part.path, output)).toBe(false);
    const again = written();
    again.part.close();
    linkSync(again.part.path, again.output);
    expect(completeCutFinish(realDisk, again.part.path, again.output)).toBe(true);
    expect(readdirSync(path.dirname(again.output))).toEqual(['a.bin']);
  });
});

describe('preallocate', () => {
  const mebibyte = 1024 * 1024;

  it('leaves small files and disks that are nearly full alone', async () => {
    const { part: at } = place();
    PartFile.open(realDisk, at, 100 * mebibyte, { fresh: true }).close();
    expect(await preallocate(at, 63 * mebibyte)).toMatchObject({ reserved: false, reason: 'the file is small' });
    expect(await preallocate(at, 2 ** 50)).toMatchObject({ reserved: false });
    expect(statSync(at)).toMatchObject({ size: 100 * mebibyte, blocks: 0 });
  });

  it('reports what it cannot do instead of failing', async () => {
    const result = await preallocate(path.join(tempFolder(), 'gone', 'a.part'), 64 * mebibyte);
    expect(result.reserved).toBe(false);
    expect(result.reason).not.toBe('');
  });

  it.runIf(process.platform === 'linux')('says so, too, where no process can be started', async () => {
    const { part: at } = place();
    PartFile.open(realDisk, at, 64 * mebibyte, { fresh: true }).close();
    // More than the system takes in one variable.
    vi.stubEnv('MANYGET_TEST_LARGE', 'x'.repeat(mebibyte));
    try {
      expect(await preallocate(at, 64 * mebibyte)).toEqual({ reserved: false, reason: 'spawn E2BIG' });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it.runIf(process.platform === 'linux')('reserves space without changing size or bytes, or says why not', async () => {
    const { part: at } = place();
    const part = PartFile.open(realDisk, at, 64 * mebibyte, { fresh: true });
    part.write(text, 0, 16, 1000);
    const { reserved, reason } = await preallocate(at, 64 * mebibyte);
    const target = new Uint8Array(16);
    part.read(target, 1000);
    part.close();
    expect(target).toEqual(text);
    expect(statSync(at).size).toBe(64 * mebibyte);
    if (reserved) expect(statSync(at).blocks * 512).toBeGreaterThanOrEqual(64 * mebibyte);
    else expect(reason).not.toBe('');
  });
});

describe('the way past the page cache', () => {
  const page = new BlockPool({ bytesMax: 64 * 1024 }).take(64 * 1024)?.bytes ?? new Uint8Array(0);
  page.fill(65);

  it('puts bytes where they belong, beside bytes that went the ordinary way', async () => {
    const { part: at } = place();
    const part = PartFile.open(realDisk, at, page.length * 3, { fresh: true });
    part.write(text, 0, text.length, page.length - 8);
    expect(part.openDirect()).toBe(true);
    await part.writeDirect(page, page.length);
    part.write(text, 0, text.length, 2 * page.length - 8);
    part.close();
    const found = readFileSync(at);
    expect(found.subarray(page.length - 8, page.length).toString()).toBe('01234567');
    expect(found.subarray(page.length, 2 * page.length - 8).every((byte) => byte === 65)).toBe(true);
    expect(found.subarray(2 * page.length - 8, 2 * page.length + 8).toString()).toBe('0123456789abcdef');
  });

  it('is not there where the file system has none', async () => {
    const disk = new FaultyDisk();
    const { part: at } = place();
    const part = PartFile.open(disk, at, page.length, { fresh: true });
    disk.fail('open', 'EINVAL');
    expect(part.openDirect()).toBe(false);
    await part.writeDirect(page, 0);
    expect(readFileSync(at).every((byte) => byte === 65)).toBe(true);
    part.close();
  });

  it('ends, with the bytes written the ordinary way, where the disk refuses how they lie', async () => {
    const disk = new FaultyDisk();
    const { part: at } = place();
    const part = PartFile.open(disk, at, page.length, { fresh: true });
    expect(part.openDirect()).toBe(true);
    disk.fail('writeSoon', 'EINVAL');
    await part.writeDirect(page, 0);
    expect(part.isDirect).toBe(false);
    expect(readFileSync(at).every((byte) => byte === 65)).toBe(true);
    part.close();
  });

  it('takes what is left after a short write', async () => {
    const disk = new FaultyDisk();
    const { part: at } = place();
    const part = PartFile.open(disk, at, page.length, { fresh: true });
    part.openDirect();
    disk.writeBytesMax = 4096 * 3;
    await part.writeDirect(page, 0);
    expect(readFileSync(at).every((byte) => byte === 65)).toBe(true);
    part.close();
  });

  it('names the file and the place where the disk is full', async () => {
    const disk = new FaultyDisk();
    const { part: at } = place();
    const part = PartFile.open(disk, at, page.length, { fresh: true });
    part.openDirect();
    disk.fail('writeSoon', 'ENOSPC');
    await expect(part.writeDirect(page, 0)).rejects.toMatchObject({ code: 'disk-full' });
    part.close();
  });

  it('is closed after the last write under way', async () => {
    const disk = new FaultyDisk();
    const { part: at } = place();
    const part = PartFile.open(disk, at, page.length, { fresh: true });
    part.openDirect();
    const write = part.writeDirect(page, 0);
    part.close();
    expect(disk.count('close')).toBe(0);
    await write;
    expect(disk.count('close')).toBe(2);
    expect(readFileSync(at).every((byte) => byte === 65)).toBe(true);
  });
});
