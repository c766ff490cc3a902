import { expect, test } from 'vitest';

import { welcomeLines } from '../../../src/cli/serve/client-commands.js';
import { offered } from '../../../src/cli/serve/offered.js';
import { fleetSnapshot, serverSnapshot } from '../../support/scripted-fleet.js';

const open = { isSecure: false, words: [] };

const MiB = 1024 * 1024;
const films = { name: 'films', fileCount: 2, sizeBytes: 30 * MiB, hasMore: false, firstFile: 'films/a.mkv' };

test('a folder is told of with its files, and the first one of them is what the ready-made command fetches', () => {
  expect(welcomeLines(fleetSnapshot({ files: [], folders: [films] }), open)).toEqual([
    'serving films/, 2 files (30.0 MiB) on 2 servers:',
    '  mgp://127.0.0.1:9001/films/a.mkv',
    '  mgp://127.0.0.1:9002/films/a.mkv',
    '  and 1 file more',
    'fetch films/a.mkv from all of them with:',
    '  manyget get -a 127.0.0.1 -p 9001-9002 films/a.mkv',
  ]);
});

test('an empty folder has nothing to fetch, and servers all the same', () => {
  const empty = { ...films, fileCount: 0, sizeBytes: 0, firstFile: undefined };
  expect(welcomeLines(fleetSnapshot({ files: [], folders: [empty] }), open)).toEqual([
    'serving films/, 0 files (0 B) on 2 servers:',
    '  127.0.0.1:9001',
    '  127.0.0.1:9002',
  ]);
});

test('files of a folder that somebody has asked for are not counted twice', () => {
  const files = [
    { name: 'video.mp4', sizeBytes: 20 * MiB, hashed: 1 },
    { name: 'films/a.mkv', sizeBytes: 10 * MiB, hashed: 1 },
  ];
  expect(offered(fleetSnapshot({ files, folders: [films] }))).toEqual({
    what: '3 files',
    size: '50.0 MiB',
    names: ['video.mp4', 'films/a.mkv'],
    othersCount: 1,
  });
});

test('what was not counted to its end is said to be more', () => {
  const many = { ...films, fileCount: 1000, hasMore: true };
  expect(offered(fleetSnapshot({ files: [], folders: [many] }))).toMatchObject({
    what: 'films/, more than 1000 files',
    size: 'more than 30.0 MiB',
  });
});

test('of many servers one address is enough', () => {
  const servers = Array.from({ length: 32 }, (_, index) => serverSnapshot(index + 1));
  expect(welcomeLines(fleetSnapshot({ servers }), open)).toEqual([
    'serving video.mp4 (20.0 MiB) on 32 servers:',
    '  mgp://127.0.0.1:9001/video.mp4',
    '  and the same on ports 9002-9032',
    'fetch video.mp4 from all of them with:',
    '  manyget get -a 127.0.0.1 -p 9001-9032 video.mp4',
  ]);
});

test('the ready-made command has what servers ask for, and over TLS whole addresses', () => {
  const words = ['--token-file', 'my secret.txt', '--pin', 'sha256//AB+/='];
  const last = (isSecure: boolean): string => welcomeLines(fleetSnapshot(), { isSecure, words }).at(-1) ?? '';
  expect(last(false)).toMatch(/^ {2}manyget get -a 127\.0\.0\.1 -p \S+ \S+ --token-file 'my secret\.txt' --pin \S+$/);
  expect(last(true)).toMatch(/^ {2}manyget get mgps:\S+.* --token-file 'my secret\.txt' --pin \S+$/);
});
