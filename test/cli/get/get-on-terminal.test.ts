import { truncate, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { commandPath } from '../../support/command-path.js';
import { hasPseudoTerminal, PseudoTerminal } from '../../support/pseudo-terminal.js';
import { TerminalEmulator } from '../../support/terminal-emulator.js';
import { TempFolder, TestFleet } from '../../support/test-fleet.js';

let temp: TempFolder;
let fleet: TestFleet;

beforeEach(async () => {
  temp = await TempFolder.create();
  const film = temp.join('film.bin');
  await writeFile(film, '');
  await truncate(film, 64 * 1024 * 1024);
  fleet = await TestFleet.start([film], { servers: 2, rateLimits: [256 * 1024] });
});

afterEach(async () => {
  await fleet[Symbol.asyncDispose]();
  await temp[Symbol.asyncDispose]();
});

const size = { columns: 80, rows: 24 };

/** A command on a terminal of 80x24, and a picture of what is on it. */
async function onTerminal(
  command: readonly string[],
): Promise<{ terminal: PseudoTerminal; emulator: TerminalEmulator; shows: (pattern: RegExp) => Promise<true> }> {
  const emulator = new TerminalEmulator(size.columns, size.rows);
  // The program's own output begins behind the line with which the shell says where it is.
  let isOwn = false;
  const terminal = await PseudoTerminal.run(command, {
    ...size,
    folder: temp.path,
    env: { TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', HOME: temp.path },
    onOutput(text) {
      const own = isOwn ? text : /(?<=ready\r?\n)[^]*/.exec(text)?.[0];
      isOwn = own !== undefined;
      if (own !== undefined) emulator.write(own);
    },
  });
  const shows = (pattern: RegExp): Promise<true> =>
    terminal.until(`a screen like ${String(pattern)}`, () =>
      pattern.test(emulator.lines().join('\n')) ? true : undefined,
    );
  return { terminal, emulator, shows };
}

function getCommand(...flags: string[]): string {
  const ports = `${fleet.port(1)},${fleet.port(2)}`;
  return `"${process.execPath}" "${commandPath}" get -p ${ports} film.bin -o copy.bin ${flags.join(' ')}`;
}

const modesAfter = 'echo "ended with $?"; stty -a; echo "that is all"';

/** The command, and behind it what became of the terminal. */
const getThenModes = (...flags: string[]): string[] => [
  'sh',
  '-c',
  `trap : INT; ${getCommand(...flags)}; ${modesAfter}`,
];

/** Types `keys`; resolves when frames have been drawn since. */
async function typed(terminal: PseudoTerminal, emulator: TerminalEmulator, keys: string): Promise<void> {
  terminal.type(keys);
  const before = emulator.synchronizedFrames;
  await terminal.until('frames', () => (emulator.synchronizedFrames > before + 5 ? true : undefined));
}

function expectGivenBack(terminal: PseudoTerminal, emulator: TerminalEmulator, status: number): void {
  const [, after = ''] = terminal.output.split(`ended with ${status}`);
  expect(after).toMatch(/(^|\s)icanon\s/);
  expect(after).toMatch(/(^|\s)echo\s/);
  expect([emulator.cursorHidden, emulator.autowrap]).toEqual([false, true]);
}

const downloading = /downloading from 2 of 2 servers/;
const sentence = hasPseudoTerminal ? '' : ' (script is not installed)';

describe.skipIf(!hasPseudoTerminal)(`get on a real terminal${sentence}`, () => {
  test('the frame stays where it is, whatever is typed, and Ctrl-C ends it', async () => {
    const { terminal, emulator, shows } = await onTerminal(getThenModes());
    await using _ = terminal;
    await shows(downloading);
    expect(await terminal.modes()).toMatch(/-icanon[^]*-echo\s/);
    await typed(terminal, emulator, '\r\rabc\u001b[A\r');
    const lines = emulator.lines();
    expect(lines[0]).toMatch(/^ film\.bin .*downloading/);
    expect(lines.filter((line) => line.includes('film.bin'))).toHaveLength(1);
    expect(lines.join('\n')).not.toContain('abc');
    terminal.type('\u0003');
    await terminal.waitFor(/that is all/);
    expectGivenBack(terminal, emulator, 130);
  });

  test('the terminal is given back after SIGTERM', async () => {
    const { terminal, emulator, shows } = await onTerminal(['sh', '-c', `echo; exec ${getCommand()}`]);
    await using _ = terminal;
    await shows(downloading);
    process.kill(terminal.pid, 'SIGTERM');
    expect(await terminal.ended()).toBe(130);
    expect(emulator.cursorHidden).toBe(false);
  });

  test('the terminal is given back after a failure', async () => {
    const { terminal, emulator, shows } = await onTerminal(getThenModes('--give-up-after', '0.5'));
    await using _ = terminal;
    await shows(downloading);
    await fleet[Symbol.asyncDispose]();
    await terminal.waitFor(/that is all/);
    expectGivenBack(terminal, emulator, 7);
  });

  test('Ctrl-Z gives the terminal to the shell, and after "fg" keys do not shift the frame either', async () => {
    // A job of two processes, as that of a wrapper: the terminal stops and ends all of a job.
    const job = `sh -c 'trap : INT; ${getCommand()}; exit $?'`;
    const steps = [job, 'echo "stopped: $?"; stty -a; echo "what now?"', 'read -r line', 'fg', modesAfter];
    const { terminal, emulator, shows } = await onTerminal(['bash', '--norc', '-c', `set -m; ${steps.join('; ')}`]);
    await using _ = terminal;
    await shows(downloading);
    terminal.type('\u001a');
    const [stopped] = await terminal.waitFor(/stopped: 14\d[^]*what now/);
    expect(stopped).toMatch(/\sicanon\s/);
    expect(stopped).toMatch(/\secho\s/);
    expect(emulator.cursorHidden).toBe(false);
    const from = terminal.output.length;
    terminal.type('\r');
    await terminal.waitFor(/film\.bin[^]*film\.bin/, from);
    await typed(terminal, emulator, '\r\r\r');
    const lines = emulator.lines();
    await typed(terminal, emulator, '\r\r\r');
    expect(emulator.lines().length).toBe(lines.length);
    terminal.type('\u0003');
    await terminal.waitFor(/that is all/);
    expectGivenBack(terminal, emulator, 130);
  });
});
