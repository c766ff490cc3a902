import { describe, expect, test } from 'vitest';

import { textWidth, withoutColor } from '../../../src/cli/terminal/text-width.js';
import { makeTheme } from '../../../src/cli/terminal/theme.js';
import { topFrame } from '../../../src/cli/top/top-frame.js';
import { TopState } from '../../../src/cli/top/top-state.js';
import { queueDetail, queueItem } from '../../support/queue-items.js';

const plain = makeTheme(0, true);

function stateWith(count: number): TopState {
  const state = new TopState();
  state.take({ event: 'list', data: Array.from({ length: count }, (_, n) => queueItem(n + 1)) }, 0);
  state.take({ event: 'totals', data: { active: count, waiting: 0, stopped: 0, speedBytesPerSec: 3_500_000 } }, 0);
  return state;
}

function withServers(count: number): TopState {
  const state = stateWith(3);
  state.key('enter', 10);
  const [item] = state.items;
  if (item === undefined) throw new Error('no download');
  state.take({ event: 'detail', data: queueDetail(item, count) }, 0);
  state.take(
    {
      event: 'map',
      data: [
        [30, 3, 0],
        [30, 2, 1],
        [60, 0, -1],
      ],
    },
    0,
  );
  const event = { atMs: 900, type: 'notice', reason: 'a decision' } as const;
  state.take({ event: 'log', data: [{ number: 1, clockMs: 0, event }] }, 0);
  return state;
}

describe('the frame of top', () => {
  test('lists the downloads, one of them chosen, and names the keys', () => {
    const lines = topFrame(stateWith(3), { columns: 80, rows: 24 }, plain, 0);
    expect(lines).toHaveLength(24);
    expect(lines[0]).toContain('3 active, 0 waiting, 0 ended');
    expect(lines[0]).toContain('3.34 MiB/s');
    expect(lines[2]).toMatch(/^ > film-1\.mp4 .*downloading.*1\.0%.*100 MiB.*2\.00 MiB\/s.*40s/);
    expect(lines[3]).toMatch(/^ {3}film-2\.mp4 /);
    expect(lines.at(-1)).toContain('p pause');
  });

  test('gives its room to names before it gives it to bars', () => {
    const state = new TopState();
    const items = ['the film of the evening, part 1.mp4', 'the film of the evening, part 2.mp4'];
    state.take({ event: 'list', data: items.map((name, n) => queueItem(n + 1, { name })) }, 0);
    const lines = topFrame(state, { columns: 80, rows: 12 }, plain, 0).join('\n');
    expect(lines).toContain(' > the film of');
    for (const part of [1, 2]) expect(lines).toContain(`part ${part}.mp4 `);
    expect(lines).not.toContain('──');
    const wide = topFrame(state, { columns: 120, rows: 12 }, plain, 0).join('\n');
    for (const name of items) expect(wide).toContain(name);
    expect(wide).toContain('──');
  });

  test('has room for 16 servers, the map and decisions at 80x24', () => {
    const lines = topFrame(withServers(16), { columns: 80, rows: 24 }, plain, 0);
    expect(lines).toHaveLength(24);
    for (let port = 9001; port <= 9016; port += 1) {
      expect(lines.slice(0, -2).filter((line) => line.includes(`:${port}`))).toHaveLength(1);
    }
    expect(lines.some((line) => /█+▓+·+/.test(line))).toBe(true);
    expect(lines.join('\n')).toContain('a decision');
    expect(lines.at(-1)).toContain('s list');
  });

  test('marks the chosen server, keeps it in sight, and says what its line has no room for', () => {
    const state = withServers(30);
    for (const [presses, port] of [
      [0, 9001],
      [20, 9021],
      [9, 9030],
    ] as const) {
      for (let n = 0; n < presses; n += 1) state.key('down', 10);
      const lines = topFrame(state, { columns: 80, rows: 24 }, plain, 0);
      expect(lines.filter((line) => line.startsWith('>'))).toEqual([expect.stringContaining(`:${port}`)]);
      expect(lines.at(-2)).toContain(`:${port}  1 connection  0 faults`);
    }
    expect(topFrame(state, { columns: 80, rows: 24 }, plain, 0).join('\n')).toMatch(/and \d+ more/);
    expect(topFrame(state, { columns: 80, rows: 24 }, plain, 0).at(-1)).toMatch(/u stop using .*q quit$/);
  });

  test('is never wider or higher than the terminal, whatever its size', () => {
    const states = [stateWith(40), withServers(16), stateWith(0)];
    const help = stateWith(1);
    help.key('?', 10);
    const asked = stateWith(2);
    asked.key('l', 10);
    for (const state of [...states, help, asked]) {
      for (const columns of [4, 7, 20, 39, 52, 80, 120, 300]) {
        for (const rows of [1, 2, 5, 24, 60]) {
          const lines = topFrame(state, { columns, rows }, makeTheme('truecolor', true), 0);
          expect(lines).toHaveLength(rows);
          for (const line of lines) expect(textWidth(withoutColor(line))).toBeLessThanOrEqual(columns);
        }
      }
    }
  });

  test('keeps the chosen download in sight', () => {
    const state = stateWith(40);
    for (let n = 0; n < 30; n += 1) {
      state.key('down', 10);
      expect(topFrame(state, { columns: 80, rows: 12 }, plain, 0).join('\n')).toContain(` > film-${n + 2}.mp4`);
    }
    state.key('end', 10);
    expect(topFrame(state, { columns: 80, rows: 12 }, plain, 0).join('\n')).toContain(' > film-40.mp4');
  });

  test('says why a download has failed, and asks before it removes one', () => {
    const state = new TopState();
    const error = { code: 'no-source', message: 'no server has it' } as const;
    state.take({ event: 'list', data: [queueItem(1, { state: 'error', phase: undefined, error })] }, 0);
    expect(topFrame(state, { columns: 80, rows: 24 }, plain, 0)[2]).toMatch(/film-1\.mp4 .*failed.*no server has it/);
    state.key('x', 10);
    expect(topFrame(state, { columns: 80, rows: 24 }, plain, 0).at(-2)).toBe(' remove film-1.mp4? y or n');
  });

  test('shows control characters of names as text', () => {
    const state = new TopState();
    state.take({ event: 'list', data: [queueItem(1, { name: 'a\u001b[2Jb\nc' })] }, 0);
    expect(topFrame(state, { columns: 80, rows: 24 }, plain, 0).join('')).not.toContain('\u001b');
  });

  test('glides between what the daemon says, and never ahead of it', () => {
    const state = stateWith(1);
    state.take({ event: 'items', data: [queueItem(1, { doneBytes: 11 * 1024 * 1024 })] }, 500);
    const percentAt = (nowMs: number): string => topFrame(state, { columns: 80, rows: 24 }, plain, nowMs)[2] ?? '';
    expect(percentAt(500)).toContain('1.0%');
    expect(percentAt(750)).toContain('6.0%');
    expect(percentAt(5000)).toContain('11.0%');
  });
});
