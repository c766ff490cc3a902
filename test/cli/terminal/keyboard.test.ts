import { expect, test } from 'vitest';

import { openKeyboard } from '../../../src/cli/terminal/keyboard.js';
import { memoryIo } from '../../support/cli-streams.js';
import { TerminalEmulator } from '../../support/terminal-emulator.js';

// Reading there, or setting a mode, would have the system stop the process again.
test('is left alone in the background, and taken again where a shell brings the job back without a word', async () => {
  const io = memoryIo({ terminal: new TerminalEmulator(20, 4) });
  let typed = '';
  const keyboard = openKeyboard(io, (keys) => (typed += keys));
  expect([io.stdin.raw, io.stdin.isPaused()]).toEqual([true, false]);
  io.stopAndGoOn(() => {
    expect([io.stdin.raw, io.stdin.isPaused()]).toEqual([false, true]);
    io.isForeground = false;
  });
  expect([io.stdin.raw, io.stdin.isPaused()]).toEqual([false, true]);
  io.isForeground = true;
  await expect.poll(() => io.stdin.raw).toBe(true);
  io.stdin.write('e2');
  await expect.poll(() => typed).toBe('e2');
  keyboard.close();
  expect([io.stdin.raw, io.stdin.isPaused()]).toEqual([false, true]);
});

// Reading it fails (EIO) before, or without, the signal that says that it is gone.
test('may go away while it is read', () => {
  const io = memoryIo({ terminal: new TerminalEmulator(20, 4) });
  const keyboard = openKeyboard(io, () => undefined);
  expect(() => io.stdin.emit('error', new Error('read EIO'))).not.toThrow();
  keyboard.close();
  expect(io.stdin.listenerCount('error')).toBe(0);
});

// SIGSTOP: the shell has set a mode of its own, of which Node does not know.
test('is set again after a stop that was not announced', () => {
  const io = memoryIo({ terminal: new TerminalEmulator(20, 4) });
  const keyboard = openKeyboard(io, () => undefined);
  const modes: boolean[] = [];
  io.stdin.setRawMode = (on) => modes.push(on);
  io.goOn();
  expect(modes).toEqual([false, true]);
  keyboard.close();
});
