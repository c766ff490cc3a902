import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { repoRoot } from './support/tidy/repo-files.js';

// The first thing that a newcomer runs. It checks itself what it says; this checks that it still does, and that what it
// shows is what a user types.
test('the demo shows a closed server, a kill and a resume with public commands, and leaves nothing behind', async () => {
  const demo = join(repoRoot, 'scripts', 'demo.js');
  const { stdout } = await promisify(execFile)(process.execPath, [demo], { cwd: repoRoot });
  const commands = stdout.split('\n').filter((line) => line.startsWith('$ '));
  expect(commands.map((line) => line.split(' ').slice(0, 4).join(' '))).toEqual([
    '$ node dist/bin/manyget.js serve',
    '$ node dist/bin/manyget.js get',
    '$ node dist/bin/manyget.js get',
  ]);
  expect(commands[2]).toBe(commands[1]);
  const hashes = [...stdout.matchAll(/(?:original|copy) +([0-9a-f]{64})/g)].map((match) => match[1]);
  expect(hashes).toHaveLength(2);
  expect(hashes[0]).toBe(hashes[1]);
  const copy = / -o (\S+)/.exec(commands[1] ?? '')?.[1] ?? '';
  expect(copy).toMatch(/video\.mp4$/);
  expect(existsSync(copy) || existsSync(join(copy, '..'))).toBe(false);
}, 60_000);
