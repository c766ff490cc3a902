import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { realDisk } from '../../src/store/disk.js';
import { decideOutputPath, safeFileName, statePaths } from '../../src/store/output-path.js';
import { FaultyDisk } from '../support/faulty-disk.js';
import { tempFolder } from '../support/temp-folder.js';

function decide(output: string | undefined, name = 'a.bin', overwrite = false): string {
  return decideOutputPath(realDisk, { output, name, overwrite });
}

describe('the output path', () => {
  it('is the file named, or the folder named with the name of the file in it', () => {
    const folder = tempFolder();
    expect(decide(path.join(folder, 'b.bin'))).toBe(path.join(folder, 'b.bin'));
    expect(decide(folder)).toBe(path.join(folder, 'a.bin'));
    expect(decide(`${folder}/`)).toBe(path.join(folder, 'a.bin'));
    expect(decide(undefined, 'inner/../names are\u0000 cut.bin')).toBe(path.resolve('names are_ cut.bin'));
    symlinkSync(folder, path.join(folder, 'link'));
    expect(decide(path.join(folder, 'link'))).toBe(path.join(folder, 'link', 'a.bin'));
  });

  it('needs a folder to run in, unless it has one of its own', () => {
    const folder = tempFolder();
    const cwd = vi.spyOn(process, 'cwd').mockImplementation(() => {
      throw new Error('ENOENT: no such file or directory, uv_cwd');
    });
    try {
      expect(decide(path.join(folder, 'b.bin'))).toBe(path.join(folder, 'b.bin'));
      expect(() => decide('b.bin')).toThrow(
        expect.objectContaining({
          code: 'output-folder-missing',
          message: 'the folder that this runs in does not exist any more',
        }),
      );
    } finally {
      cwd.mockRestore();
    }
  });

  it('needs a folder that exists', () => {
    const folder = tempFolder();
    writeFileSync(path.join(folder, 'file'), '');
    const missing = path.join(folder, 'gone');
    for (const output of [path.join(missing, 'a.bin'), `${missing}/`]) {
      expect(() => decide(output)).toThrow(
        expect.objectContaining({
          code: 'output-folder-missing',
          message: `the folder "${missing}" for the output does not exist`,
        }),
      );
    }
    expect(() => decide(path.join(folder, 'file', 'a.bin'))).toThrow(
      `"${path.join(folder, 'file')}" is not a folder, expected one for the output`,
    );
    expect(() => decide(path.join(folder, 'file', 'deeper', 'a.bin'))).toThrow('does not exist');
  });

  it('needs a folder that can be written to', () => {
    const folder = tempFolder();
    const disk = new FaultyDisk();
    disk.fail('checkFolderWritable', 'EACCES');
    const request = { output: path.join(folder, 'a.bin'), name: 'a.bin', overwrite: false };
    expect(() => decideOutputPath(disk, request)).toThrow(
      expect.objectContaining({
        code: 'output-not-writable',
        message: `the folder "${folder}" cannot be written to: permission denied`,
      }),
    );
    disk.fail('checkFolderWritable', 'EROFS');
    expect(() => decideOutputPath(disk, request)).toThrow('its file system is read-only');
    disk.fail('look', 'EACCES');
    expect(() => decideOutputPath(disk, request)).toThrow(expect.objectContaining({ code: 'output-not-writable' }));
    disk.fail('look', 'ENAMETOOLONG');
    expect(() => decideOutputPath(disk, request)).toThrow(expect.objectContaining({ code: 'output-not-writable' }));
    disk.fail('look', 'ENAMETOOLONG');
    expect(() => decideOutputPath(disk, request)).toThrow('too long for the file system');
    disk.fail('look', 'EIO');
    expect(() => decideOutputPath(disk, request)).toThrow(expect.objectContaining({ code: 'io-failed' }));
  });

  it('asks the real disk for the permission, which root has everywhere', () => {
    const folder = tempFolder();
    chmodSync(folder, 0o500);
    const asksInVain = process.platform === 'win32' || process.getuid?.() === 0;
    if (asksInVain) expect(decide(folder)).toBe(path.join(folder, 'a.bin'));
    else expect(() => decide(folder)).toThrow(expect.objectContaining({ code: 'output-not-writable' }));
    chmodSync(folder, 0o700);
  });

  it('is not one that exists, unless it may be replaced', () => {
    const folder = tempFolder();
    const there = path.join(folder, 'a.bin');
    writeFileSync(there, 'precious');
    expect(() => decide(there)).toThrow(
      expect.objectContaining({
        code: 'output-exists',
        message: `"${there}" exists and is not replaced without --overwrite`,
      }),
    );
    expect(() => decide(folder)).toThrow(expect.objectContaining({ code: 'output-exists' }));
    expect(decide(there, 'a.bin', true)).toBe(there);
    symlinkSync('/nowhere/at/all', path.join(folder, 'dangling'));
    expect(() => decide(path.join(folder, 'dangling'))).toThrow('exists and is not replaced');
  });

  it('is never a folder or a device', () => {
    const folder = tempFolder();
    mkdirSync(path.join(folder, 'a.bin'));
    expect(() => decide(folder, 'a.bin', true)).toThrow(/is a folder, expected a file name/);
    if (process.platform === 'win32') return;
    const disk = new FaultyDisk();
    expect(() => decideOutputPath(disk, { output: '/dev/null', name: 'a', overwrite: true })).toThrow(
      expect.objectContaining({
        code: 'output-not-writable',
        message: '"/dev/null" is not a regular file and is never replaced',
      }),
    );
  });
});

describe('the names beside an output', () => {
  it('are its name with an ending, in the same folder', () => {
    expect(statePaths('/x/a.bin')).toEqual({
      part: '/x/a.bin.part',
      journal: '/x/a.bin.part.journal',
      lock: '/x/a.bin.part.lock',
    });
  });

  it('fit on the disk however long the output is called, and differ where it does', () => {
    const names = ['ä'.repeat(127), `${'ä'.repeat(126)}b`, 'x'.repeat(255), 'x'.repeat(254)];
    const parts = names.map((name) => path.basename(statePaths(`/x/${name}`).part));
    expect(new Set(parts).size).toBe(4);
    for (const part of parts)
      expect(Buffer.byteLength(`${part}.lock.0011223344556677.0011223344556677`)).toBeLessThan(256);
  });
});

describe('a safe file name', () => {
  for (const [given, expected] of [
    ['video.mp4', 'video.mp4'],
    ['../../etc/passwd', 'passwd'],
    ['..\\..\\evil.exe', 'evil.exe'],
    ['folder/inner/name.bin/', 'name.bin'],
    ['..', 'download'],
    ['', 'download'],
    ['/', 'download'],
    ['   ', 'download'],
    ['a\u0000b\u001b[31m\u202e', 'a_b_[31m_'],
    ['.bashrc', '_bashrc'],
    ['-rf', '_rf'],
    ['name.  . ', 'name'],
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['com1.tar.gz', '_com1.tar.gz'],
    ['console.log', 'console.log'],
    ['a\ud800b', 'a_b'],
    ['naïve ファイル.bin', 'naïve ファイル.bin'],
  ] as const) {
    it(`of ${JSON.stringify(given)} is ${JSON.stringify(expected)}`, () => {
      expect(safeFileName(given, 'linux')).toBe(expected);
    });
  }

  it('has nothing in it on Windows that Windows reads otherwise', () => {
    expect(safeFileName('C:evil.exe', 'win32')).toBe('C_evil.exe');
    expect(safeFileName('a<b>|"?*.txt', 'win32')).toBe('a_b_____.txt');
    expect(safeFileName('what? yes.txt', 'linux')).toBe('what? yes.txt');
  });

  it('is cut to 255 bytes with its extension', () => {
    expect(safeFileName(`${'é'.repeat(200)}.tar.gz`, 'linux')).toBe(`${'é'.repeat(126)}.gz`);
    expect(safeFileName('x'.repeat(300), 'linux')).toBe('x'.repeat(255));
    expect(safeFileName(`a.${'x'.repeat(300)}`, 'linux').length).toBe(255);
  });

  it('is one harmless entry, whatever it is made of', () => {
    const nasty = fc.string({
      unit: fc.oneof(
        fc.constantFrom(
          '.',
          '/',
          '\\',
          ' ',
          '-',
          '\0',
          '\u001b',
          ':',
          '\u202e',
          'CON',
          '..',
          'é',
          '\ud83d\ude00',
          '\udc00',
        ),
        fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
      ),
      maxLength: 400,
    });
    fc.assert(
      fc.property(nasty, fc.constantFrom('linux' as const, 'win32' as const), (name, platform) => {
        const safe = safeFileName(name, platform);
        expect(safe).not.toBe('');
        expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(255);
        expect(safe).not.toMatch(/[/\\\p{Cc}\p{Surrogate}]|^[.-]|[. ]$|^ /u);
        expect(safe).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
        expect(path.basename(path.resolve('/x', safe))).toBe(safe);
        expect(safeFileName(safe, platform)).toBe(safe);
      }),
      { numRuns: 3000 },
    );
  });
});
