import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { runTop } from '../../../src/cli/top/run-top.js';
import { memoryIo } from '../../support/cli-streams.js';
import { hasPseudoTerminal, PseudoTerminal } from '../../support/pseudo-terminal.js';
import { startTestDaemon, type TestDaemon } from '../../support/test-daemon.js';
import { TempFolder, TestFleet } from '../../support/test-fleet.js';
import { TerminalEmulator } from '../../support/terminal-emulator.js';
import { commandPath } from '../../support/command-path.js';

let temp: TempFolder;
let fleet: TestFleet;
let daemon: TestDaemon;

beforeEach(async () => {
  temp = await TempFolder.create();
  const film = temp.join('film.bin');
  await writeFile(film, '');
  await truncate(film, 64 * 1024 * 1024);
  fleet = await TestFleet.start([film], { servers: 3, rateLimits: [256 * 1024] });
  daemon = await startTestDaemon(temp.path);
  await daemon.client.add({
    sources: [1, 2, 3].map((server) => `mgp://127.0.0.1:${fleet.port(server)}/film.bin`),
    options: {},
  });
});

afterEach(async () => {
  await daemon[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
  await temp[Symbol.asyncDispose]();
});

/** Runs `top` on a terminal of 80x24, with a picture of what is on it. */
async function onTerminal(): Promise<{ terminal: PseudoTerminal; emulator: TerminalEmulator; shows: Shows }> {
  const emulator = new TerminalEmulator(80, 24);
  // The program's own output begins behind the line with which the shell says where it is.
  let isOwn = false;
  const terminal = await PseudoTerminal.run([process.execPath, commandPath, 'top'], {
    columns: 80,
    rows: 24,
    folder: temp.path,
    env: { MANYGET_STATE: join(temp.path, 'state'), TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', HOME: temp.path },
    onOutput(text) {
      const own = isOwn ? text : /(?<=ready\r?\n)[^]*/.exec(text)?.[0];
      isOwn = own !== undefined;
      if (own !== undefined) emulator.write(own);
    },
  });
  const shows: Shows = (pattern) =>
    terminal.until(`a screen like ${String(pattern)}`, () =>
      pattern.test(emulator.lines().join('\n')) ? true : undefined,
    );
  return { terminal, emulator, shows };
}

type Shows = (pattern: RegExp) => Promise<true>;

function expectClean(terminal: PseudoTerminal, emulator: TerminalEmulator): void {
  expect([emulator.alternate, emulator.cursorHidden, emulator.autowrap]).toEqual([false, false, true]);
  expect(emulator.lines()).toEqual([]);
  expect(terminal.output).toContain('\u001b[?1049l');
}

const sentence = hasPseudoTerminal ? '' : ' (script is not installed)';

describe.skipIf(!hasPseudoTerminal)(`top on a real terminal${sentence}`, () => {
  test('shows the queue and its servers, obeys keys, resizes, and leaves nothing behind', async () => {
    const { terminal, emulator, shows } = await onTerminal();
    await using _ = terminal;
    await shows(/ > film\.bin +downloading .*%.*64\.0 MiB/);
    expect(await terminal.modes()).toContain('-icanon');
    terminal.type('\r');
    await shows(/downloading from 3 of 3 servers[^]*░/);
    const second = async () => (await daemon.client.detail((await daemon.client.list())[0]?.gid ?? '')).sources[1];
    terminal.type('ju');
    await shows(/not used any more: 127\.0\.0\.1:\d+/);
    expect((await second())?.state).toBe('disabled');
    await shows(/u use again/);
    terminal.type('u');
    await shows(/used again: 127\.0\.0\.1:\d+/);
    await shows(/u stop using/);
    terminal.type('l100\r');
    await shows(/cannot do that: .*at least 1K/);
    terminal.type('l100K\r');
    await shows(/limit of 127\.0\.0\.1:\d+: 100 KiB\/s/);
    expect((await second())?.limitBytesPerSec).toBe(100 * 1024);
    terminal.type('kj');
    await shows(/connection.*limit 100 KiB\/s/);
    terminal.type('p');
    await shows(/paused: film\.bin/);
    expect((await daemon.client.list())[0]?.state).toBe('paused');
    terminal.type('r');
    await shows(/goes on: film\.bin/);
    emulator.resize(120, 30);
    await terminal.resize(120, 30);
    await terminal.until('a frame of the new size', () => (emulator.lines().length === 30 ? true : undefined));
    terminal.type('s');
    await shows(/ > film\.bin/);
    terminal.type('l');
    terminal.type('300K\r');
    await shows(/limit of film\.bin: 300K\/s/);
    const gid = (await daemon.client.list())[0]?.gid ?? '';
    expect((await daemon.client.detail(gid)).options['max-download-limit']).toBe(String(300 * 1024));
    terminal.type('xy');
    await shows(/removed: film\.bin/);
    terminal.type('q');
    expect(await terminal.ended()).toBe(0);
    expectClean(terminal, emulator);
  });

  test('says when the daemon is gone, and goes on with the next one', async () => {
    const { terminal, emulator, shows } = await onTerminal();
    await using _ = terminal;
    await shows(/ > film\.bin/);
    await daemon[Symbol.asyncDispose]();
    await shows(/the daemon is gone; looking for it/);
    daemon = await startTestDaemon(temp.path);
    await terminal.until('the word of the next daemon', () =>
      emulator.lines().join('\n').includes('is gone') ? undefined : true,
    );
    await shows(/ > film\.bin +downloading/);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('gives the terminal back after %s', async (signal, status) => {
    const { terminal, emulator, shows } = await onTerminal();
    await using _ = terminal;
    await shows(/ > film\.bin/);
    process.kill(terminal.pid, signal);
    expect(await terminal.ended()).toBe(status);
    expectClean(terminal, emulator);
  });
});

test('top without a terminal names the command that needs none', async () => {
  await expect(runTop(memoryIo())).rejects.toThrow('for a list there is: manyget ls');
});

test('top without a daemon says so', async () => {
  const io = memoryIo({ terminal: new TerminalEmulator(80, 24), env: { MANYGET_STATE: temp.join('nowhere') } });
  await expect(runTop(io)).rejects.toMatchObject({ code: 'daemon-absent' });
  expect(io.stdout.text).toBe('');
});
