import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Screen } from '../../../src/cli/terminal/screen.js';
import { charWidth } from '../../../src/cli/terminal/text-width.js';
import { memoryIo } from '../../support/cli-streams.js';
import { TerminalEmulator } from '../../support/terminal-emulator.js';

function onTerminal(columns: number, rows: number, reflows = true) {
  const terminal = new TerminalEmulator(columns, rows, { reflows });
  const io = memoryIo({ terminal });
  let redraws = 0;
  const screen = new Screen(io, () => {
    redraws += 1;
  });
  return { terminal, io, screen, redraws: () => redraws };
}

describe('frames', () => {
  test('a frame is drawn below what is there, and replaced in place', () => {
    const { terminal, io, screen } = onTerminal(20, 6);
    io.stdout.write('$ manyget get\r\n');
    screen.draw(['one', 'two']);
    expect(terminal.lines()).toEqual(['$ manyget get', 'one', 'two']);
    screen.draw(['one', 'TWO', 'three']);
    expect(terminal.lines()).toEqual(['$ manyget get', 'one', 'TWO', 'three']);
    screen.draw(['x']);
    expect(terminal.lines()).toEqual(['$ manyget get', 'x']);
    expect(terminal.cursor).toEqual({ row: 2, column: 0 });
  });

  test('lines that stay the same are not written again, and the same frame writes nothing', () => {
    const { io, screen } = onTerminal(20, 6);
    screen.draw(['the same', 'old']);
    const before = io.stdout.text.length;
    screen.draw(['the same', 'new']);
    expect(io.stdout.text.slice(before)).not.toContain('the same');
    const { writes } = io.stdout;
    screen.draw(['the same', 'new']);
    expect(io.stdout.writes).toBe(writes);
  });

  test('every frame is one write, synchronized, with the cursor hidden and autowrap back on', () => {
    const { terminal, io, screen } = onTerminal(20, 6);
    screen.draw(['a', 'b']);
    screen.draw(['a', 'c']);
    expect([io.stdout.writes, terminal.synchronizedFrames]).toEqual([2, 2]);
    expect([terminal.cursorHidden, terminal.autowrap, terminal.synchronized]).toEqual([true, true, false]);
  });

  test('a frame scrolls what is above it away, never itself', () => {
    const { terminal, io, screen } = onTerminal(20, 4);
    io.stdout.write('1\r\n2\r\n3\r\n');
    screen.draw(['a', 'b']);
    screen.draw(['a', 'b', 'c']);
    expect([terminal.scrollback, terminal.lines()]).toEqual([
      ['1', '2', '3'],
      ['a', 'b', 'c'],
    ]);
  });

  test('what has no room below the top is left out', () => {
    const { terminal, screen } = onTerminal(20, 3);
    screen.draw(['a', 'b', 'c', 'd']);
    screen.draw(['A', 'b', 'c', 'd']);
    expect([terminal.lines(), terminal.scrollback]).toEqual([['A', 'b'], []]);
  });

  test('a line that is wider than the terminal is cut there, a line of full width is whole', () => {
    const { terminal, screen } = onTerminal(5, 4);
    screen.draw(['12345', '1234567', 'x']);
    expect(terminal.lines()[0]).toBe('12345');
    expect(terminal.lines()).toHaveLength(3);
  });

  test('permanent lines go above the frame', () => {
    const { terminal, screen } = onTerminal(20, 6);
    screen.draw(['frame 1', 'frame 2']);
    screen.print(['for good']);
    expect(terminal.lines()).toEqual(['for good', 'frame 1', 'frame 2']);
    screen.draw(['frame 1', 'frame 3']);
    expect(terminal.lines()).toEqual(['for good', 'frame 1', 'frame 3']);
    screen.finish(['', 'report']);
    screen.close();
    expect(terminal.lines()).toEqual(['for good', 'frame 1', 'frame 3', '', 'report']);
  });
});

test('where the locale has no Unicode our own signs are ASCII, and names stay as they are', () => {
  const terminal = new TerminalEmulator(30, 6);
  const screen = new Screen(memoryIo({ terminal, env: { LANG: 'C' } }), () => undefined);
  screen.draw(['a long na…  日本']);
  screen.print(['for good…']);
  screen.finish(['done…']);
  expect(terminal.lines()).toEqual(['for good~', 'a long na~  日本', 'done~']);
});

describe('the cursor comes back', () => {
  test('when the screen is closed, once', () => {
    const { terminal, io, screen } = onTerminal(20, 6);
    screen.draw(['a']);
    screen.close();
    expect(terminal.cursorHidden).toBe(false);
    const { writes } = io.stdout;
    screen.close();
    screen.draw(['b']);
    io.exit();
    expect(io.stdout.writes).toBe(writes);
  });

  test('when the process ends in any other way', () => {
    const { terminal, io, screen } = onTerminal(20, 6);
    screen.draw(['a']);
    io.exit();
    expect([terminal.cursorHidden, terminal.autowrap]).toEqual([false, true]);
  });

  test('while the process is stopped; the next frame is drawn below what came meanwhile', () => {
    const { terminal, io, screen, redraws } = onTerminal(20, 8);
    screen.draw(['frame']);
    io.stopAndGoOn(() => {
      expect(terminal.cursorHidden).toBe(false);
      io.stdout.write('$ fg\r\n');
    });
    expect(redraws()).toBe(1);
    screen.draw(['frame']);
    expect(terminal.lines()).toEqual(['frame', '$ fg', 'frame']);
    expect(terminal.cursorHidden).toBe(true);
  });
});

describe("a terminal that is the shell's for a while", () => {
  test('a frame that is drawn before it is known that the process goes on stands below what came meanwhile, once', () => {
    const { terminal, io, screen } = onTerminal(20, 8);
    screen.draw(['one', 'two']);
    io.stopAndGoOn(() => {
      io.stdout.write('$ fg\r\n');
      screen.draw(['one', 'TWO']);
    });
    screen.draw(['one', 'TWO!']);
    expect(terminal.lines()).toEqual(['one', 'two', '$ fg', 'one', 'TWO!']);
  });

  test('in the background nothing is drawn, and the cursor is there; lines for good still come', () => {
    const { terminal, io, screen } = onTerminal(20, 8);
    screen.draw(['frame']);
    io.isForeground = false;
    screen.draw(['FRAME']);
    expect([terminal.lines(), terminal.cursorHidden]).toEqual([['frame'], false]);
    io.stdout.write('$ ls\r\n');
    screen.print(['for good']);
    expect(terminal.cursorHidden).toBe(false);
    io.isForeground = true;
    screen.draw(['again']);
    expect(terminal.lines()).toEqual(['frame', '$ ls', 'for good', 'again']);
    screen.finish(['report']);
    expect(terminal.lines().at(-1)).toBe('report');
  });
});

/** `text` as a terminal of `columns` shows it without autowrap; only for text of narrow characters. */
function clipped(text: string, columns: number): string {
  const overflow = text.length > columns;
  return (overflow ? text.slice(0, columns - 1) + text.slice(-1) : text).trimEnd();
}

const narrowLine = fc.string({ maxLength: 14, unit: fc.constantFrom(...'abc XYZ█━·') });
const wideLine = fc.string({ maxLength: 6, unit: fc.constantFrom('a', '日', '本', ' ', 'x') });
const size = fc.record({ columns: fc.integer({ min: 4, max: 30 }), rows: fc.integer({ min: 3, max: 9 }) });
type Step = { type: 'draw' | 'print'; lines: string[] } | { type: 'resize'; columns: number; rows: number };

function steps(line: fc.Arbitrary<string>): fc.Arbitrary<Step[]> {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 5, arbitrary: fc.array(line, { maxLength: 10 }).map((lines) => ({ type: 'draw' as const, lines })) },
    {
      weight: 1,
      arbitrary: fc
        .array(line, { maxLength: 2 })
        .map((lines) => ({ type: 'print' as const, lines: lines.map((text) => text.trim() || 'p') })),
    },
    { weight: 2, arbitrary: size.map((change) => ({ type: 'resize' as const, ...change })) },
  );
  return fc.array(step, { maxLength: 14 });
}

/** After any steps a new frame is the last thing on the screen, as it was meant. */
function showsFrameAfter(line: fc.Arbitrary<string>, reflows: boolean, final: readonly string[]): void {
  fc.assert(
    fc.property(size, steps(line), (first, before) => {
      const { terminal, io, screen } = onTerminal(first.columns, first.rows, reflows);
      for (const step of before) {
        if (step.type === 'resize') io.stdout.resize(step.columns, step.rows);
        else screen[step.type](step.lines);
      }
      screen.draw(final);
      const shown = final.slice(0, terminal.rows - 1).map((text) => clipped(text, terminal.columns));
      expect(terminal.lines().slice(-shown.length)).toEqual(shown);
      expect(terminal.cursor).toEqual({ row: terminal.lines().length, column: 0 });
    }),
    { numRuns: 400 },
  );
}

describe('the screen shows the frame, whatever came before', () => {
  const final = ['final 1', 'f2', 'x', 'a very long last line of a frame!'];

  test('on terminals that let wrapped lines flow again', () => {
    showsFrameAfter(narrowLine, true, final);
  });

  test('on terminals that cut lines off', () => {
    showsFrameAfter(narrowLine, false, final);
  });

  test('with characters of two columns', () => {
    expect(charWidth('日')).toBe(2);
    showsFrameAfter(wideLine, true, final);
  });

  test('and without a change of size nothing of an earlier frame is left anywhere', () => {
    fc.assert(
      fc.property(size, fc.array(fc.array(narrowLine, { maxLength: 10 }), { maxLength: 10 }), (first, frames) => {
        const { terminal, screen } = onTerminal(first.columns, first.rows);
        for (const frame of frames) screen.draw(frame);
        screen.draw(['last']);
        expect([terminal.lines(), terminal.scrollback]).toEqual([['last'], []]);
      }),
      { numRuns: 300 },
    );
  });

  test('and where lines flow again, no change of width leaves anything of an earlier frame', () => {
    const rows = 60;
    const step = fc.oneof(
      fc.array(narrowLine, { maxLength: 8 }),
      fc.integer({ min: 4, max: 30 }).map((columns) => columns),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (changes) => {
        const { terminal, io, screen } = onTerminal(20, rows);
        for (const change of changes) {
          if (typeof change === 'number') io.stdout.resize(change, rows);
          else screen.draw(change);
        }
        screen.draw(['last']);
        expect([terminal.lines(), terminal.scrollback]).toEqual([['last'], []]);
      }),
      { numRuns: 300 },
    );
  });
});
