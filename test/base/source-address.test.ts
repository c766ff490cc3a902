import { expect, test } from 'vitest';
import { lastPart } from '../../src/base/last-part.js';
import { isSourceAddress, nameInAddress, withoutLogin } from '../../src/base/source-address.js';

test.each([
  ['http://a.example/x', true],
  ['HTTPS://a.example', true],
  ['mgp://a.example:7000/x', true],
  ['mgps://a.example/x', true],
  ['ftp://a.example/x', false],
  ['http:///x', false],
  ['http:a.example', false],
  ['/etc/passwd', false],
])('%s is the address of a source: %s', (text, expected) => {
  expect(isSourceAddress(text)).toBe(expected);
});

test.each([
  ['http://a.example/b/c.iso?d=/e#/f', 'c.iso'],
  ['http://a.example/b/na%C3%AFve%20file.bin', 'naïve file.bin'],
  ['http://a.example/folder/', 'folder'],
  ['http://a.example/100%', '100%'],
  ['http://a.example/caf%E9.bin', 'caf%E9.bin'],
  ['mgp://a.example:7000/b/c.iso', 'c.iso'],
  ['http://a.example/', 'index.html'],
  ['https://a.example?d=1', 'index.html'],
  ['mgp://a.example:7000/', ''],
  ['no address', ''],
])('the file at %s is called "%s" there', (address, name) => {
  expect(nameInAddress(address)).toBe(name);
});

test('the last part of a name is all of it where there is no folder in it', () => {
  expect(['a/b/c', 'c', 'a/'].map(lastPart)).toEqual(['c', 'c', '']);
});

test.each([
  ['https://user:p%40ss@host.example/a?b=c@d', 'https://host.example/a?b=c@d'],
  ['mgp://host.example:9001/x@y', 'mgp://host.example:9001/x@y'],
  ['ftp://a@b@host.example', 'ftp://host.example'],
  ['http://me:two words@host.example', 'http://host.example'],
  ['no url', 'no url'],
])('%s is written down as %s', (text, shown) => {
  expect(withoutLogin(text)).toBe(shown);
});
