import { describe, expect, test } from 'vitest';

import { FullScreen } from '../../../src/cli/terminal/full-screen.js';
import { keysOf } from '../../../src/cli/terminal/keys.js';
import { memoryIo } from '../../support/cli-streams.js';
import { TerminalEmulator } from '../../support/terminal-emulator.js';

function onTerminal(columns = 20, rows = 4) {
  const terminal = new TerminalEmulator(columns, rows);
  const io = memoryIo({ terminal });
  io.stdout.write('$ manyget top\n');
  let redraws = 0;
  const screen = new FullScreen(io, () => {
    redraws += 1;
    screen.draw(['again']);
  });
  return { terminal, io, screen, redraws: () => redraws };
}

describe('a full screen', () => {
  test('shows a frame at once, and then writes only the lines that changed', () => {
    const { terminal, io, screen } = onTerminal();
    screen.draw(['one', 'two', 'three', 'a line of 20 columns']);
    expect(terminal.lines()).toEqual(['one', 'two', 'three', 'a line of 20 columns']);
    const [writes, chars] = [io.stdout.writes, io.stdout.text.length];
    screen.draw(['one', 'TWO', 'three', 'a line of 20 columns']);
    expect(terminal.lines()).toEqual(['one', 'TWO', 'three', 'a line of 20 columns']);
    expect(io.stdout.writes - writes).toBe(1);
    expect(io.stdout.text.slice(chars)).toContain('TWO');
    expect(io.stdout.text.slice(chars)).not.toContain('three');
    screen.draw(['one', 'TWO', 'three', 'a line of 20 columns']);
    expect(io.stdout.writes - writes).toBe(1);
    expect(terminal.synchronizedFrames).toBe(2);
  });

  test('takes away the lines that a shorter frame has no more', () => {
    const { terminal, screen } = onTerminal();
    screen.draw(['one', 'two', 'three']);
    screen.draw(['one']);
    expect(terminal.lines()).toEqual(['one']);
  });

  test('draws all of it anew on a terminal of another size', () => {
    const { terminal, io, screen, redraws } = onTerminal();
    screen.draw(['one', 'two']);
    io.stdout.resize(10, 3);
    expect(redraws()).toBe(1);
    expect(terminal.lines()).toEqual(['again']);
  });

  test('leaves the terminal to the shell in the background, and draws all of it once it is ours again', () => {
    const { terminal, io, screen } = onTerminal();
    screen.draw(['one', 'two']);
    io.stopAndGoOn(() => (io.isForeground = false));
    screen.draw(['one', 'TWO']);
    expect([terminal.alternate, terminal.cursorHidden, terminal.lines()]).toEqual([false, false, ['$ manyget top']]);
    io.isForeground = true;
    screen.draw(['one', 'TWO!']);
    expect([terminal.alternate, terminal.lines()]).toEqual([true, ['one', 'TWO!']]);
  });

  test.each(['close', 'exit'] as const)('gives the terminal back as it was, after %s', (how) => {
    const { terminal, io, screen } = onTerminal();
    screen.draw(['one', 'two']);
    expect([terminal.alternate, terminal.cursorHidden, terminal.autowrap]).toEqual([true, true, false]);
    if (how === 'close') screen.close();
    else io.exit();
    expect([terminal.alternate, terminal.cursorHidden, terminal.autowrap]).toEqual([false, false, true]);
    expect(terminal.lines()).toEqual(['$ manyget top']);
  });

  test('is away while the process is stopped, and back when it goes on', () => {
    const { terminal, io, screen } = onTerminal();
    screen.draw(['one']);
    io.stopAndGoOn(() => {
      expect(terminal.alternate).toBe(false);
      expect(terminal.lines()).toEqual(['$ manyget top']);
    });
    expect(terminal.lines()).toEqual(['again']);
  });
});

test('keys have names, and come one by one', () => {
  expect(keysOf('p\u001b[A\u001bOB\u001b[6~\r\u0003ü\u001b')).toEqual([
    'p',
    'up',
    'down',
    'page-down',
    'enter',
    'interrupt',
    'ü',
    'escape',
  ]);
});
