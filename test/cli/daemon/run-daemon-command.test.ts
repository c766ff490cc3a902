import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { QueueItem } from '../../../src/base/queue-snapshot.js';
import { runDaemonCommand } from '../../../src/cli/daemon/run-daemon-command.js';
import { parseArguments } from '../../../src/cli/program.js';
import { DaemonClient } from '../../../src/daemon/client.js';
import { memoryIo } from '../../support/cli-streams.js';

import { commandPath } from '../../support/command-path.js';
import { tempFolder } from '../../support/temp-folder.js';
import { startTestDaemon, type TestDaemon } from '../../support/test-daemon.js';

/** Prints what was asked for with `require`, behind what the command says. */
const recorder = `
const { Module } = require('node:module');
const load = Module._load;
const names = new Set();
Module._load = (name, ...rest) => (names.add(name), load(name, ...rest));
process.on('exit', () => process.stderr.write(JSON.stringify([...names]) + '\\n'));
`;

test.each([['ls'], ['pause', '--all'], ['daemon', '--stop']])(
  '%s speaks to a daemon without loading one: neither its database nor its web server',
  async (...words) => {
    const folder = tempFolder();
    const hook = join(folder, 'record.cjs');
    await writeFile(hook, recorder);
    const said = await new Promise<string>((resolve) => {
      const env = { ...process.env, MANYGET_STATE: join(folder, 'state') };
      const args = ['--require', hook, commandPath, ...words];
      execFile(process.execPath, args, { env }, (_error, out, err) => resolve(out + err));
    });
    expect(said).toContain('no daemon runs');
    const names = JSON.parse(said.trimEnd().split('\n').at(-1) ?? '') as string[];
    expect(names).toContain('node:http');
    expect(names.filter((name) => /^(?:libsql|hono|ws|@hono|@valibot)/.test(name))).toEqual([]);
  },
);

test('a manifest that cannot be read is told before a daemon is started for it', async () => {
  const folder = tempFolder();
  const state = join(folder, 'state');
  const said = await new Promise<string>((resolve) => {
    const options = { cwd: folder, env: { ...process.env, MANYGET_STATE: state } };
    execFile(process.execPath, [commandPath, 'add', 'no.meta4'], options, (error, out, err) => {
      resolve(`${out}${err}exit status ${error?.code ?? 0}`);
    });
  });
  expect(said).toBe('manyget: cannot read "no.meta4": there is no such file\nexit status 3');
  expect(existsSync(state)).toBe(false);
});

const add = (words: string) => `add ${words}`.split(' ');

test.each([
  [add('http://a.example/f --header foo'), 'the header "foo" has no colon: write "Name: value"'],
  [add('http://a.example/f --header Host:x'), "the header Host is the download's own and cannot be set"],
  [add('http://a.example/f http://b.example/f --header A:b'), '--header "A" does not say which of 2 origins it is for'],
  [add('http://a.example/f --checksum 1234'), '--checksum takes TYPE=HEX as in sha-256=9f86…, not "1234"'],
  [add('http://a.example/f --limit-rate fast'), '--limit-rate takes bytes a second as 500K or 2M'],
  [add('http://a.example/f http://a.example/f'), 'http://a.example/f is named twice: each server counts once'],
  [add('ftp://a.example/f'), '"ftp://a.example/f" is not an address: expected http://'],
  [add('film.mp4'), '"film.mp4" is not an address: expected http://'],
  [['add', 'http://a.example/f', '-o', ''], '-o takes a path, not an empty word'],
  [
    ['add', 'http://a.example/f', '-o', '-'],
    'the daemon writes files alone: manyget get SOURCE... -o - has standard output',
  ],
  [['add', 'http://a.example/f', '-o', '/a/f', '-d', 'b'], '-d b does not go with an absolute -o /a/f: leave one out'],
  [['add', 'http://a.example/f', '-d', ''], '-d takes a path, not an empty word'],
])('%j is refused before a daemon is started for it', async (words, sentence) => {
  const folder = tempFolder();
  // No daemon can be started there: it would outlive a test that fails.
  await writeFile(join(folder, 'file'), '');
  const state = join(folder, 'file', 'state');
  const said = await new Promise<string>((resolve) => {
    const options = { cwd: folder, env: { ...process.env, MANYGET_STATE: state } };
    execFile(process.execPath, [commandPath, ...words], options, (error, out, err) => {
      resolve(`${out}${err}exit status ${error?.code ?? 0}`);
    });
  });
  expect(said).toMatch(/^manyget: .*\n(?:.*\n)?exit status 28$/);
  expect(said).toContain(`manyget: ${sentence}`);
});

describe('downloads by their GIDs', () => {
  let one: TestDaemon;

  beforeEach(async () => {
    one = await startTestDaemon(tempFolder());
  });

  afterEach(() => one[Symbol.asyncDispose]());

  async function said(...words: string[]): Promise<string> {
    const invocation = parseArguments(words);
    if (invocation.type !== 'daemon') throw new Error(`${words.join(' ')} is ${invocation.type}`);
    const io = memoryIo();
    const client = vi.spyOn(DaemonClient, 'find').mockResolvedValue(one.client);
    try {
      await runDaemonCommand(invocation.command, io);
    } finally {
      client.mockRestore();
    }
    return io.stdout.text;
  }

  async function added(...words: string[]): Promise<QueueItem> {
    const text = await said('add', 'mgp://127.0.0.1:9/film.bin', '--paused', '--json', ...words);
    return (JSON.parse(text) as QueueItem[])[0] as QueueItem;
  }

  test.each(['', '.', '..', 'film', '0123456789abcdef0'])('"%s" is none, and no part of a path', async (gid) => {
    await added();
    for (const words of [['rm'], ['pause'], ['resume'], ['log'], ['servers'], ['limit', '--rate', '2M']]) {
      const asked = said(...words, gid);
      await expect(asked).rejects.toMatchObject({ code: 'gid-unknown', message: `there is no download "${gid}"` });
    }
    expect(await one.client.list()).toHaveLength(1);
  });

  // A second time would have it forgotten.
  test('what is named twice is removed once', async () => {
    const { gid } = await added();
    expect(await said('rm', gid, gid.slice(0, 9))).toBe('1 removed\n');
    expect(await one.client.list()).toMatchObject([{ gid, state: 'removed' }]);
  });

  test('a beginning of one digit is enough to play it', async () => {
    const { gid, playPath } = await added();
    expect(await said('play', gid.slice(0, 1))).toBe(`${one.url}${playPath}film.bin\n`);
  });

  test('-o in full is the place that it names', async () => {
    const { gid } = await added('-o', '/srv/films/my film.bin');
    expect((await one.client.detail(gid)).options).toMatchObject({ dir: '/srv/films', out: 'my film.bin' });
  });
});
