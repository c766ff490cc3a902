import { describe, expect, test } from 'vitest';

import type { DownloadEvent } from '../../../src/base/events.js';
import type { DownloadSnapshot, MapCell } from '../../../src/base/snapshot.js';
import { getFrame, type GetFrameModel } from '../../../src/cli/get/get-frame.js';
import { SpeedHistory } from '../../../src/cli/speed-history.js';
import { textWidth, withoutColor } from '../../../src/cli/terminal/text-width.js';
import { makeTheme } from '../../../src/cli/terminal/theme.js';
import { downloadSnapshot, mapCells, sourceSnapshot } from '../../support/scripted-download.js';

const MiB = 1024 * 1024;
const plain = makeTheme(0, true);

const events: DownloadEvent[] = [
  { atMs: 40, type: 'phase', phase: 'downloading', code: undefined, reason: 'one span for each of 2 servers' },
  { atMs: 900, type: 'segment-assigned', source: 0, connection: 0, start: 0, end: MiB, reason: 'first span' },
  { atMs: 1400, type: 'source-lost', source: 1, code: 'connect-refused', reason: 'nothing listens there' },
  { atMs: 2400, type: 'source-lost', source: 1, code: 'connect-refused', reason: 'nothing listens there' },
  {
    atMs: 3100,
    type: 'segment-stolen',
    source: 0,
    victim: 1,
    connection: 0,
    start: 0,
    end: 1.5 * MiB,
    reason: 'would finish 3.1 s later',
  },
];

function stretched(cells: readonly MapCell[]): (count: number) => MapCell[] {
  return (count) =>
    Array.from({ length: count }, (_, index) => {
      const cell = cells[Math.floor((index * cells.length) / count)];
      if (cell === undefined) throw new Error(`no cell ${index}`);
      return cell;
    });
}

function model(change: Partial<DownloadSnapshot> = {}, map = 'v0v0v0r0f0...v1v1r1f1....'): GetFrameModel {
  const snapshot = downloadSnapshot(change);
  const history = new SpeedHistory(500, 20);
  for (let at = 0; at < 20; at += 1) {
    const samples = snapshot.sources.map(({ id, speedBytesPerSec }) => ({
      id,
      speedBytesPerSec: (speedBytesPerSec * (at % 5)) / 4,
    }));
    history.add(at * 500, samples);
  }
  return { snapshot, map: stretched(mapCells(map)), events, history };
}

const troubled = [
  sourceSnapshot(0),
  sourceSnapshot(1, { state: 'backing-off', note: 'connection refused; tries again in 1.6 s', speedBytesPerSec: 0 }),
];

test('a row does not repeat its name in its note, and a narrow title keeps the number of servers', () => {
  const note = 'server 127.0.0.1:9002 refused the connection';
  const sources = [sourceSnapshot(0), sourceSnapshot(1, { state: 'backing-off', note, label: '127.0.0.1:9002' })];
  const frame = getFrame(model({ sources }), { columns: 100, rows: 24 }, plain);
  expect(frame.find((line) => line.includes('backing-off'))).toMatch(/B\/s {2}refused the connection$/);
  expect(getFrame(model({ sources }), { columns: 60, rows: 24 }, plain)[0]).toMatch(/ 1 of 2 servers {2}3\.2s$/);
});

function many(count: number) {
  return Array.from({ length: count }, (_, id) => sourceSnapshot(id, { speedBytesPerSec: (1 + (id % 4)) * MiB }));
}

test.each(['stopped', 'failed'] as const)('of a download that %s says so, and nothing that is no longer so', (end) => {
  const reason = 'the download was stopped by you; its state is kept';
  const ended = { phase: 'failed', note: reason } as const;
  const event: DownloadEvent = {
    atMs: 3200,
    type: 'phase',
    phase: 'failed',
    code: end === 'failed' ? 'no-source' : 'aborted',
    reason,
  };
  const given = { ...model(ended), events: [...events, event], end };
  const lines = getFrame(given, { columns: 120, rows: 24 }, makeTheme(0, true));
  expect(lines[0]).toMatch(new RegExp(` ${end}  3\\.2s$`));
  expect(lines[1]).toMatch(/ETA -$/);
  expect(lines.join('\n')).not.toContain('its state is kept');
  expect(lines.filter((line) => line.includes('░'))).toEqual([expect.stringContaining('in flight')]);
});

describe('the frame', () => {
  test('at 80 columns', () => {
    const frame = getFrame(model({ sources: troubled }), { columns: 80, rows: 24 }, plain);
    expect(frame.join('\n')).toMatchInlineSnapshot(`
      " video.mp4  20.0 MiB                      downloading from 1 of 2 servers  3.2s
       ━━━━━━━━━━━━╸──────────────────   40.0%   8.0/20.0 MiB  3.00 MiB/s  ETA 4.0s

         server  state        got/assigned       speed  progress    last 4 s 1st byte
       ■ :9001   active      3.00/5.00 MiB  1.50 MiB/s  ━━━━━━────  ▄▆█ ▂▄▆█    1.2ms
       ■ :9002   backing-off 3.00/5.00 MiB       0 B/s  connection refused; tries ag…

       ████████████████████████████████████████████▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░░░░░░····
       ·······································██████████████████████████████▓▓▓▓▓▓▓▓▓
       ▓▓▓▓▓░░░░░░░░░░░░░░░··························································
       █ verified  ▓ received  ░ in flight  · missing

         0.0s  downloading: one span for each of 2 servers
         2.4s  :9002 lost ×2: nothing listens there
         3.1s  :9001 takes 1.50 MiB from :9002: would finish 3.1 s later
      "
    `);
  });

  test('at 120 columns', () => {
    const frame = getFrame(model({ sources: troubled }), { columns: 120, rows: 40 }, plain);
    expect(frame.join('\n')).toMatchInlineSnapshot(`
      " video.mp4  20.0 MiB                                                              downloading from 1 of 2 servers  3.2s
       ━━━━━━━━━━━━━━━━━━━━━━━━━━━━╸──────────────────────────────────────────   40.0%   8.0/20.0 MiB  3.00 MiB/s  ETA 4.0s

         server          state        got/assigned       speed  progress                                   last 10 s 1st byte
       ■ 127.0.0.1:9001  active      3.00/5.00 MiB  1.50 MiB/s  ━━━━━━━━━━━━━━━━━━────────────   ▂▄▆█ ▂▄▆█ ▂▄▆█ ▂▄▆█    1.2ms
       ■ 127.0.0.1:9002  backing-off 3.00/5.00 MiB       0 B/s  connection refused; tries again in 1.6 s

       ███████████████████████████████████████████████████████████████████▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░░░░░░░░░░░░░·······
       ···························································█████████████████████████████████████████████▓▓▓▓▓▓▓▓▓▓▓▓▓▓
       ▓▓▓▓▓▓▓▓░░░░░░░░░░░░░░░░░░░░░░························································································
       █ verified  ▓ received  ░ in flight  · missing

         0.0s  downloading: one span for each of 2 servers
         2.4s  :9002 lost ×2: nothing listens there
         3.1s  :9001 takes 1.50 MiB from :9002: would finish 3.1 s later
      "
    `);
  });

  test('with 16 servers at 80x24', () => {
    const frame = getFrame(model({ sources: many(16) }), { columns: 80, rows: 24 }, plain);
    expect(frame.join('\n')).toMatchInlineSnapshot(`
      " video.mp4  20.0 MiB                    downloading from 16 of 16 servers  3.2s
       ━━━━━━━━━━━━╸──────────────────   40.0%   8.0/20.0 MiB  3.00 MiB/s  ETA 4.0s
         server  state        got/assigned       speed  progress    last 4 s 1st byte
       ■ :9001   active      3.00/5.00 MiB  1.00 MiB/s  ━━━━━━────  ▁▂▂ ▁▁▂▂    1.2ms
       ■ :9002   active      3.00/5.00 MiB  2.00 MiB/s  ━━━━━━────  ▂▃▄ ▁▂▃▄    1.2ms
       ■ :9003   active      3.00/5.00 MiB  3.00 MiB/s  ━━━━━━────  ▃▅▆ ▂▃▅▆    1.2ms
       ■ :9004   active      3.00/5.00 MiB  4.00 MiB/s  ━━━━━━────  ▄▆█ ▂▄▆█    1.2ms
       ■ :9005   active      3.00/5.00 MiB  1.00 MiB/s  ━━━━━━────  ▁▂▂ ▁▁▂▂    1.2ms
       ■ :9006   active      3.00/5.00 MiB  2.00 MiB/s  ━━━━━━────  ▂▃▄ ▁▂▃▄    1.2ms
       ■ :9007   active      3.00/5.00 MiB  3.00 MiB/s  ━━━━━━────  ▃▅▆ ▂▃▅▆    1.2ms
       ■ :9008   active      3.00/5.00 MiB  4.00 MiB/s  ━━━━━━────  ▄▆█ ▂▄▆█    1.2ms
       ■ :9009   active      3.00/5.00 MiB  1.00 MiB/s  ━━━━━━────  ▁▂▂ ▁▁▂▂    1.2ms
       ■ :9010   active      3.00/5.00 MiB  2.00 MiB/s  ━━━━━━────  ▂▃▄ ▁▂▃▄    1.2ms
       ■ :9011   active      3.00/5.00 MiB  3.00 MiB/s  ━━━━━━────  ▃▅▆ ▂▃▅▆    1.2ms
       ■ :9012   active      3.00/5.00 MiB  4.00 MiB/s  ━━━━━━────  ▄▆█ ▂▄▆█    1.2ms
       ■ :9013   active      3.00/5.00 MiB  1.00 MiB/s  ━━━━━━────  ▁▂▂ ▁▁▂▂    1.2ms
       ■ :9014   active      3.00/5.00 MiB  2.00 MiB/s  ━━━━━━────  ▂▃▄ ▁▂▃▄    1.2ms
       ■ :9015   active      3.00/5.00 MiB  3.00 MiB/s  ━━━━━━────  ▃▅▆ ▂▃▅▆    1.2ms
       ■ :9016   active      3.00/5.00 MiB  4.00 MiB/s  ━━━━━━────  ▄▆█ ▂▄▆█    1.2ms
       ███████████████▓▓▓▓▓░░░░░··············██████████▓▓▓▓▓░░░░░···················
       █ verified  ▓ received  ░ in flight  · missing
         2.4s  :9002 lost ×2: nothing listens there
         3.1s  :9001 takes 1.50 MiB from :9002: would finish 3.1 s later"
    `);
  });

  test('with more servers than lines', () => {
    const frame = getFrame(model({ sources: many(30) }), { columns: 80, rows: 12 }, plain);
    expect(frame.join('\n')).toMatchInlineSnapshot(`
      " video.mp4  20.0 MiB                    downloading from 30 of 30 servers  3.2s
       ━━━━━━━━━━━━╸──────────────────   40.0%   8.0/20.0 MiB  3.00 MiB/s  ETA 4.0s
       ■ :9001   active      3.00/5.00 MiB  1.00 MiB/s  ━━━━━━────  ▁▂▂ ▁▁▂▂    1.2ms
       ■ :9002   active      3.00/5.00 MiB  2.00 MiB/s  ━━━━━━────  ▂▃▄ ▁▂▃▄    1.2ms
       ■ :9003   active      3.00/5.00 MiB  3.00 MiB/s  ━━━━━━────  ▃▅▆ ▂▃▅▆    1.2ms
       ■ :9004   active      3.00/5.00 MiB  4.00 MiB/s  ━━━━━━────  ▄▆█ ▂▄▆█    1.2ms
       ■ :9005   active      3.00/5.00 MiB  1.00 MiB/s  ━━━━━━────  ▁▂▂ ▁▁▂▂    1.2ms
       ■ :9006   active      3.00/5.00 MiB  2.00 MiB/s  ━━━━━━────  ▂▃▄ ▁▂▃▄    1.2ms
       ■ :9007   active      3.00/5.00 MiB  3.00 MiB/s  ━━━━━━────  ▃▅▆ ▂▃▅▆    1.2ms
         and 23 more, 23 active, 57.0 MiB/s
       ███████████████▓▓▓▓▓░░░░░··············██████████▓▓▓▓▓░░░░░···················"
    `);
  });

  test('at 44 columns', () => {
    const frame = getFrame(model({ sources: troubled }), { columns: 44, rows: 16 }, plain);
    expect(frame.join('\n')).toMatchInlineSnapshot(`
      " video.mp4  20.0 MiB      downloading  3.2s
       ━━━━──────   40.0%  3.00 MiB/s  ETA 4.0s

         server   got/assigned       speed
       ■ :9001   3.00/5.00 MiB  1.50 MiB/s  ━━━──
       ■ :9002   3.00/5.00 MiB       0 B/s  conn…

       ████████████████▓▓▓▓▓░░░░░░···············
       ███████████▓▓▓▓▓░░░░░·····················
       █ verified  ▓ received  ░ in flight  · mis…

         0.0s  downloading: one span for each of …
         2.4s  :9002 lost ×2: nothing listens the…
         3.1s  :9001 takes 1.50 MiB from :9002: w…
      "
    `);
  });

  test('without Unicode', () => {
    const frame = getFrame(model({ sources: troubled }), { columns: 80, rows: 12 }, makeTheme(0, false));
    expect(frame.join('\n')).toMatchInlineSnapshot(`
      " video.mp4  20.0 MiB                      downloading from 1 of 2 servers  3.2s
       ============-..................   40.0%   8.0/20.0 MiB  3.00 MiB/s  ETA 4.0s
         server  state        got/assigned       speed  progress    last 4 s 1st byte
       * :9001   active      3.00/5.00 MiB  1.50 MiB/s  ======....  -+# .-+#    1.2ms
       * :9002   backing-off 3.00/5.00 MiB       0 B/s  connection refused; tries ag…
       ##############################ooooooooo----------.............................
       ####################oooooooooo---------.......................................
       # verified  o received  - in flight  . missing
         0.0s  downloading: one span for each of 2 servers
         2.4s  :9002 lost x2: nothing listens there
         3.1s  :9001 takes 1.50 MiB from :9002: would finish 3.1 s later"
    `);
  });

  test('before anything is known', () => {
    const sources = [
      sourceSnapshot(0, { state: 'connecting', receivedBytes: 0, assignedBytes: 0, speedBytesPerSec: 0 }),
    ];
    const unknown = { phase: 'connecting', sizeBytes: undefined, doneBytes: 0, speedBytesPerSec: 0 } as const;
    const change = {
      ...unknown,
      etaMs: undefined,
      elapsedMs: 0,
      pieceBytes: undefined,
      pieceCount: undefined,
      sources,
    };
    const frame = getFrame({ ...model(change, '....'), events: [] }, { columns: 80, rows: 12 }, plain);
    expect(frame.join('\n')).toMatchInlineSnapshot(`
      " video.mp4                                                     connecting  0.0s
       ───────────────────────────────                    0 B       0 B/s  ETA -

         server          state        got/assigned       speed  progress     1st byte
       ■ 127.0.0.1:9001  connecting          0/0 B       0 B/s  ────────────    1.2ms

       ··············································································
       █ verified  ▓ received  ░ in flight  · missing


      "
    `);
  });

  test('while waiting, and with names from everywhere', () => {
    const sources = [
      sourceSnapshot(0, { label: 'ミラー.example:9001' }),
      sourceSnapshot(1, { label: 'a-very-long-host-name.mirrors.example.org:9002', state: 'active' }),
      sourceSnapshot(2, { label: 'evil\u001b[2J:1', state: 'closed', note: 'bye\u0007' }),
    ];
    const change = {
      phase: 'waiting',
      note: 'no server answers; next try in 2 s',
      sources,
      name: '動画\u202e.mp4',
    } as const;
    const frame = getFrame({ ...model(change), events: [] }, { columns: 80, rows: 14 }, plain);
    expect(frame.join('\n')).toMatchInlineSnapshot(`
      " 動画\\u{202e}.mp4  20.0 MiB       waiting: no server answers; next try i…  3.2s
       ━━━━━━━━━━━━╸──────────────────   40.0%   8.0/20.0 MiB  3.00 MiB/s  ETA 4.0s

         server                    state        got/assigned       speed  progress
       ■ ミラー.example:9001       active      3.00/5.00 MiB  1.50 MiB/s  ━━━━━━╸────
       ■ …irrors.example.org:9002  active      3.00/5.00 MiB  1.50 MiB/s  ━━━━━━╸────
       ■ evil\\u{1b}[2J:1           closed      3.00/5.00 MiB  1.50 MiB/s  bye\\u{7}

       ███████████████▓▓▓▓▓░░░░░··············██████████▓▓▓▓▓░░░░░···················
       █ verified  ▓ received  ░ in flight  · missing


      "
    `);
  });
});

const shapes = [
  { columns: 20, rows: 2 },
  { columns: 36, rows: 8 },
  { columns: 44, rows: 16 },
  { columns: 59, rows: 24 },
  { columns: 60, rows: 24 },
  { columns: 80, rows: 24 },
  { columns: 100, rows: 30 },
  { columns: 120, rows: 40 },
  { columns: 250, rows: 80 },
];

describe.each(shapes)('at $columns x $rows', (size) => {
  test.each([1, 2, 3, 4, 16, 33])('%i servers fit, and colours change nothing but the colour', (count) => {
    const nasty = { name: '日本語'.repeat(40), note: 'x'.repeat(500) };
    for (const change of [{}, nasty, { ...nasty, phase: 'waiting' } as const]) {
      const shown = model({ ...change, sources: many(count) });
      const frame = getFrame(shown, size, plain);
      expect(frame.length).toBeLessThanOrEqual(size.rows - 1);
      for (const line of frame) expect(textWidth(line), line).toBeLessThanOrEqual(size.columns);
      const colored = getFrame(shown, size, makeTheme('truecolor', true)).map(withoutColor);
      expect(colored.map((line) => line.trimEnd())).toEqual(frame.map((line) => line.trimEnd()));
    }
  });
});
