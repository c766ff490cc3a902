import { expect, test } from 'vitest';
import { initialOptions, isGlobalOption, queueOptions, readOptions } from '../../../src/daemon/queue/option-table.js';

test('sizes become plain bytes, lists become lines, unknown names go', () => {
  const read = readOptions({
    'max-download-limit': '2M',
    header: ['A: 1', 'B: 2'],
    pause: true,
    'no-such': 'x',
    split: '5',
  });
  expect(read).toEqual({ 'max-download-limit': '2097152', header: 'A: 1\nB: 2', pause: 'true', split: '5' });
});

test.each([
  ['max-download-limit', 'much'],
  ['max-connection-per-server', '65'],
  ['max-connection-per-server', '1.5'],
  ['allow-overwrite', 'yes'],
  ['out', null],
  ['out', 'x'.repeat(20_000)],
])('the option %s does not take %j', (name, value) => {
  expect(() => readOptions({ [name]: value })).toThrow(`the option ${name} does not take`);
});

test('what JavaScript gives every object is no option', () => {
  expect(readOptions({ constructor: 'x', toString: 'x' })).toEqual({});
});

test('the options of the queue are told apart from those of a download', () => {
  expect(isGlobalOption('max-concurrent-downloads')).toBe(true);
  expect(isGlobalOption('out')).toBe(false);
  expect(Object.keys(initialOptions('folder', false)).some(isGlobalOption)).toBe(false);
  expect(initialOptions('folder', true)).toMatchObject({ dir: 'folder', 'max-concurrent-downloads': '5' });
});

test('what is of one download alone is no option of the queue', () => {
  const own = { checksum: 'sha-1=00', gid: '0123456789abcdef', out: 'film.bin', pause: 'true', signature: 'x' };
  expect(queueOptions({ ...own, dir: '/films', 'max-concurrent-downloads': '2' })).toEqual({
    dir: '/films',
    'max-concurrent-downloads': '2',
  });
});
