import { describe, expect, test } from 'vitest';

import type { FleetSnapshot } from '../../../src/base/snapshot.js';
import { serveFrame, type ServeFrameModel } from '../../../src/cli/serve/serve-frame.js';
import { servePlainLines } from '../../../src/cli/serve/serve-plain-lines.js';
import { SpeedHistory } from '../../../src/cli/speed-history.js';
import { textWidth, withoutColor } from '../../../src/cli/terminal/text-width.js';
import { makeTheme } from '../../../src/cli/terminal/theme.js';
import { fleetSnapshot, serverSnapshot } from '../../support/scripted-fleet.js';

const plain = makeTheme(0, true);

function model(change: Partial<FleetSnapshot> = {}): ServeFrameModel {
  const snapshot = fleetSnapshot(change);
  const history = new SpeedHistory(1000, 40);
  for (let at = 0; at < 40; at += 1) {
    const samples = snapshot.servers.map(({ number, speedBytesPerSec }) => ({
      id: number,
      speedBytesPerSec: (speedBytesPerSec * (at % 9)) / 8,
    }));
    history.add(at * 1000, samples);
  }
  return { snapshot, history, messages: ['server 2: closed by its operator'], input: 'o2' };
}

const busy = {
  servers: [serverSnapshot(1), serverSnapshot(2, { state: 'closed', note: 'closed by its operator', clients: 0 })],
  folders: [],
  files: [
    { name: 'video.mp4', sizeBytes: 20 * 1024 * 1024, hashed: 0.42 },
    { name: '日本語.mp4', sizeBytes: 1024, hashed: 1 },
  ],
};

describe('the frame', () => {
  test('at 80 columns', () => {
    expect(serveFrame(model(busy), { columns: 80, rows: 24 }, plain).join('\n')).toMatchInlineSnapshot(`
      " 2 files  20.0 MiB                                1 of 2 alive  3.00 MiB/s  12s

           #   port  state     clients      sent       speed  last 23 s
       ■   1   9001  alive           1  3.00 MiB  1.50 MiB/s  █ ▁▂▃▄▅▆▇█ ▁▂▃▄▅▆▇█ ▁▂▃
       ■   2   9002  closed          0  3.00 MiB  1.50 MiB/s  closed by its operator
       hashing ━━━━━━━━╸───────────  42.0%  video.mp4

       server 2: closed by its operator
       > o2_"
    `);
  });

  test('at 120 columns, with nothing typed', () => {
    const shown = { ...model(busy), input: '' };
    expect(serveFrame(shown, { columns: 120, rows: 24 }, plain).join('\n')).toMatchInlineSnapshot(`
      " 2 files  20.0 MiB                                                                        1 of 2 alive  3.00 MiB/s  12s

           #   port  state     clients      sent       speed  last 40 s
       ■   1   9001  alive           1  3.00 MiB  1.50 MiB/s   ▁▂▃▄▅▆▇█ ▁▂▃▄▅▆▇█ ▁▂▃▄▅▆▇█ ▁▂▃▄▅▆▇█ ▁▂▃
       ■   2   9002  closed          0  3.00 MiB  1.50 MiB/s  closed by its operator
       hashing ━━━━━━━━━━━━╸─────────────────  42.0%  video.mp4

       server 2: closed by its operator
       > _  e2 closes server 2, o2 opens it, k2 kills it, status, quit"
    `);
  });

  test('where nobody can type', () => {
    const shown = { ...model(), input: undefined, messages: [] };
    expect(serveFrame(shown, { columns: 50, rows: 6 }, plain).join('\n')).toMatchInlineSnapshot(`
      " video.m…  20.0 MiB  2 of 2 alive  3.00 MiB/s  12s
           #   port  state         sent       speed
       ■   1   9001  alive     3.00 MiB  1.50 MiB/s
       ■   2   9002  alive     3.00 MiB  1.50 MiB/s"
    `);
  });
});

describe.each([
  { columns: 16, rows: 3 },
  { columns: 40, rows: 8 },
  { columns: 80, rows: 24 },
  { columns: 200, rows: 60 },
])('at $columns x $rows', (size) => {
  test.each([1, 4, 16, 64])('%i servers fit, and colours change nothing but the colour', (count) => {
    const servers = Array.from({ length: count }, (_, at) => serverSnapshot(at + 1, { note: '日'.repeat(at) }));
    const shown = { ...model({ ...busy, servers }), messages: ['日本'.repeat(60), 'b'], input: '日本語'.repeat(50) };
    const frame = serveFrame(shown, size, plain);
    expect(frame.length).toBeLessThanOrEqual(size.rows - 1);
    for (const line of frame) expect(textWidth(line), line).toBeLessThanOrEqual(size.columns);
    const colored = serveFrame(shown, size, makeTheme('truecolor', true)).map(withoutColor);
    expect(colored.map((line) => line.trimEnd())).toEqual(frame.map((line) => line.trimEnd()));
  });
});

test('plain lines: one for each server and for each file that is being hashed', () => {
  expect(servePlainLines(fleetSnapshot(busy))).toEqual([
    '12s  server 1  port 9001  alive  1 client  3.00 MiB sent  1.50 MiB/s',
    '12s  server 2  port 9002  closed  0 clients  3.00 MiB sent  1.50 MiB/s  closed by its operator',
    '12s  hashing  video.mp4  42.0%',
  ]);
});
