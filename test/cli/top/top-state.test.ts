import { describe, expect, test } from 'vitest';

import { TopState } from '../../../src/cli/top/top-state.js';
import { queueDetail, queueItem } from '../../support/queue-items.js';

function stateWith(...numbers: readonly number[]): TopState {
  const state = new TopState();
  state.take({ event: 'list', data: numbers.map((number) => queueItem(number)) }, 0);
  return state;
}

function press(state: TopState, ...keys: readonly string[]): unknown {
  return keys.map((key) => state.key(key, 10)).at(-1);
}

describe('top', () => {
  test('keeps its choice with the download while others come and go', () => {
    const state = stateWith(1, 2, 3);
    press(state, 'down');
    expect(state.selected?.name).toBe('film-2.mp4');
    state.take({ event: 'gone', data: [queueItem(1).gid] }, 0);
    expect(state.selected?.name).toBe('film-2.mp4');
    state.take({ event: 'items', data: [queueItem(2, { state: 'complete', endedAtMs: 5 }), queueItem(9)] }, 0);
    expect(state.items.map((item) => item.name)).toEqual(['film-3.mp4', 'film-9.mp4', 'film-2.mp4']);
    expect(state.selected?.name).toBe('film-2.mp4');
    state.take({ event: 'gone', data: [queueItem(2).gid] }, 0);
    expect(state.selected?.name).toBe('film-9.mp4');
  });

  test('asks the daemon for what keys mean', () => {
    const state = stateWith(1);
    const [item] = state.items;
    expect(press(state, 'p')).toEqual({ type: 'pause', item });
    expect(press(state, 'r')).toEqual({ type: 'resume', item });
    expect(press(state, 'q')).toEqual({ type: 'quit' });
    expect(press(state, 'interrupt')).toEqual({ type: 'quit' });
    expect(press(state, 'suspend')).toEqual({ type: 'suspend' });
    expect(press(new TopState(), 'p', 'x', 'l')).toBeUndefined();
  });

  test('removes after a yes alone', () => {
    const state = stateWith(1);
    const [item] = state.items;
    expect(press(state, 'x', 'n')).toBeUndefined();
    expect(press(state, 'x', 'enter')).toBeUndefined();
    expect(press(state, 'x', 'escape')).toBeUndefined();
    expect(press(state, 'y')).toBeUndefined();
    expect(press(state, 'x', 'y')).toEqual({ type: 'remove', item });
  });

  test('takes a limit from a line that can be mended, for one download or for all', () => {
    const state = stateWith(1);
    const [item] = state.items;
    const limit = press(state, 'l', '2', '0', 'left', '\u007f', 'M', 'enter');
    expect(limit).toEqual({ type: 'limit', item, limit: '2M' });
    expect(press(state, 'L', '0', 'enter')).toEqual({ type: 'limit', item: undefined, limit: '0' });
    expect(press(state, 'l', '5', 'escape')).toBeUndefined();
    // While it asks, letters are no commands.
    expect(press(state, 'l', 'q')).toBeUndefined();
  });

  test('opens the servers of the chosen download, follows the choice, and goes back', () => {
    const state = stateWith(1, 2);
    press(state, 's');
    expect(state.openGid).toBe(queueItem(1).gid);
    state.take({ event: 'detail', data: queueDetail(queueItem(1), 2) }, 0);
    expect(state.detail?.sources).toHaveLength(2);
    press(state, 'tab');
    expect([state.openGid, state.detail]).toEqual([queueItem(2).gid, undefined]);
    // A word about the other one that was still on its way.
    state.take({ event: 'detail', data: queueDetail(queueItem(1), 2) }, 0);
    expect(state.detail).toBeUndefined();
    press(state, 'tab');
    expect(state.openGid).toBe(queueItem(1).gid);
    press(state, 'back-tab');
    expect(state.openGid).toBe(queueItem(2).gid);
    press(state, 'escape');
    expect([state.view, state.openGid]).toEqual(['list', undefined]);
  });

  test('chooses a server, stops using it, uses it again, and limits it alone', () => {
    const state = stateWith(1);
    const [item] = state.items;
    expect(press(state, 'u')).toBeUndefined();
    press(state, 's');
    // Before the daemon has said which servers there are.
    expect(press(state, 'down', 'u')).toBeUndefined();
    const detail = queueDetail(queueItem(1), 3);
    state.take({ event: 'detail', data: detail }, 0);
    expect(state.chosenSource).toBe(detail.sources[0]);
    expect(press(state, 'down', 'u')).toEqual({ type: 'use', item, source: detail.sources[1], isUsed: false });
    const resting = detail.sources.map((source) => ({ ...source, state: 'disabled' as const }));
    state.take({ event: 'detail', data: { ...detail, sources: resting } }, 0);
    expect(press(state, 'u')).toEqual({ type: 'use', item, source: resting[1], isUsed: true });
    const limit = press(state, 'end', 'l', '5', 'K', 'enter');
    expect(limit).toEqual({ type: 'limit-source', item, source: resting[2], limit: '5K' });
    press(state, 'down', 'up', 'page-up', 'k');
    expect(state.chosenSource?.id).toBe(0);
    // In the list the same key is for the download.
    expect(press(state, 's', 'l', '5', 'K', 'enter')).toEqual({ type: 'limit', item, limit: '5K' });
  });

  test('leaves the servers of a download that is gone', () => {
    const state = stateWith(1, 2);
    press(state, 's');
    state.take({ event: 'gone', data: [queueItem(1).gid] }, 0);
    expect([state.view, state.openGid]).toEqual(['list', undefined]);
  });

  test('stretches the map to the cells that there is room for', () => {
    const state = stateWith(1);
    press(state, 's');
    state.take(
      {
        event: 'map',
        data: [
          [2, 3, 0],
          [1, 2, 1],
          [3, 0, -1],
        ],
      },
      0,
    );
    const letters = (cells: number): string =>
      state
        .map(cells)
        .map(({ state: kind }) => kind.charAt(0))
        .join('');
    expect(letters(6)).toBe('vvrmmm');
    expect(letters(12)).toBe('vvvvrrmmmmmm');
    expect(letters(3)).toBe('vrm');
    expect(new TopState().map(3).map(({ state: kind }) => kind)).toEqual(['missing', 'missing', 'missing']);
  });
});
