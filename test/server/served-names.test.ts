import { describe, expect, it } from 'vitest';
import { compareNames, nameSegments } from '../../src/server/served-names.js';

describe('nameSegments', () => {
  it('takes names of files and of files in folders', () => {
    expect(nameSegments('video.mp4')).toEqual(['video.mp4']);
    expect(nameSegments('films/2026/Der Große.mp4')).toEqual(['films', '2026', 'Der Große.mp4']);
    expect(nameSegments('...')).toEqual(['...']);
  });

  it.each(['', '/', '/etc/passwd', '..', '../x', 'a/../b', 'a/..', './a', 'a/./b', 'a//b', 'a/', 'a\0b', '\ud800'])(
    'refuses %j',
    (name) => {
      expect(nameSegments(name)).toBeUndefined();
    },
  );

  it('refuses names longer than 4096 bytes, counted in UTF-8', () => {
    expect(nameSegments('a'.repeat(4096))).toHaveLength(1);
    expect(nameSegments('a'.repeat(4097))).toBeUndefined();
    expect(nameSegments('ä'.repeat(2049))).toBeUndefined();
  });

  it('refuses what means something else on Windows, there alone', () => {
    for (const name of ['..\\x', 'C:', 'a\\b', 'file:stream']) {
      expect(nameSegments(name, 'win32')).toBeUndefined();
      expect(nameSegments(name, 'linux')).toEqual([name]);
    }
  });
});

describe('compareNames', () => {
  it('orders names as their UTF-8 bytes', () => {
    const names = ['a', 'a.b', 'a/b', 'ab', 'b', '\u{e000}', '\u{ffff}', '\u{10000}', '\u{1f600}', 'ä', 'Z', ''];
    const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...names].sort(compareNames)).toEqual(byBytes);
  });
});
