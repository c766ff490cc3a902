import { describe, expect, test } from 'vitest';
import { checkedName, nameFault } from '../../src/wire/safe-name.js';

describe('a name from outside', () => {
  test.each(['video.mp4', 'debian/dists/a.iso', 'a b (1).txt', 'Ωmega/ü.bin', '.profile', 'console.log', 'nulls.txt'])(
    '%j stays as it is',
    (name) => {
      expect(checkedName(name, 'metalink "m"')).toBe(name);
    },
  );

  test.each([
    ['', 'is empty'],
    ['/etc/passwd', 'is absolute'],
    ['../up', 'the part ".."'],
    ['a/../../up', 'the part ".."'],
    ['./here', 'the part "."'],
    ['a//b', 'an empty part'],
    ['a/', 'an empty part'],
    ['C:evil', 'a drive letter'],
    ['c:/evil', 'a drive letter'],
    ['a\\b', 'a backslash'],
    ['a\0b', 'a control character'],
    ['a\nb', 'a control character'],
    ['a\u009bb', 'a control character'],
    ['nul', 'a device'],
    ['a/COM1.txt', 'a device'],
    ['Aux .x', 'a device'],
    ['con', 'a device'],
    ['a.', 'ends with a dot'],
    ['a ', 'ends with a dot or a space'],
    ['\ud800x', 'not valid Unicode'],
    ['x'.repeat(256), 'more than 255 bytes'],
    [`${'x/'.repeat(2100)}x`, 'longer than 4096 bytes'],
  ])('that $1 is refused: case %#', (name, why) => {
    expect(nameFault(name)).toContain(why);
    expect(() => checkedName(name, 'metalink "m"')).toThrow(
      expect.objectContaining({
        code: 'manifest-refused',
        message: expect.stringContaining('metalink "m" names') as string,
      }),
    );
  });
});
