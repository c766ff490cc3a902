import { expect, test } from 'vitest';

import { reportLines } from '../../../src/cli/get/report-lines.js';
import { withoutColor } from '../../../src/cli/terminal/text-width.js';
import { makeTheme } from '../../../src/cli/terminal/theme.js';
import { downloadReport, sourceReport } from '../../support/scripted-download.js';

const plain = makeTheme(0, true);
const report = downloadReport({
  fetchedBytes: 15 * 1024 * 1024,
  resumedBytes: 5 * 1024 * 1024,
  sources: [sourceReport(0), sourceReport(1, { faults: 2, note: 'closed by its operator after 3.1 s' })],
});

test('the report at 120 columns', () => {
  expect(reportLines(report, 120, plain).join('\n')).toMatchInlineSnapshot(`
    "✓ video.mp4
      saved as  video.mp4
      total     20.0 MiB in 6.6s, 3.03 MiB/s, efficiency 97.3%
      fetched   15.0 MiB, 5.00 MiB kept from an earlier run, 0 B fetched twice
      pieces    20 of 20 verified
      SHA-256   abababababababababababababababababababababababababababababababab
                stated by the servers, every piece verified

      server               bytes  share  connect  1st byte  wait  mean speed  twice  faults
      ■ 127.0.0.1:9001  10.0 MiB  50.0%    0.4ms     1.2ms  0.0s  1.50 MiB/s    0 B       0
      ■ 127.0.0.1:9002  10.0 MiB  50.0%    0.4ms     1.2ms  0.0s  1.50 MiB/s    0 B       2
        closed by its operator after 3.1 s"
  `);
});

test('who names a folder is told that it is a page of one that came', () => {
  const note = '  note      an address with "/" at its end is of a folder: this is its page';
  const of = (...urls: string[]) => ({ ...report, sources: urls.map((url, id) => ({ ...sourceReport(id), url })) });
  expect(reportLines(of('http://h:1/films/'), 120, plain)).toContain(note);
  expect(reportLines(of('http://h:1/films/', 'mgp://h:2/films'), 120, plain)).not.toContain(note);
  expect(reportLines(of('http://h:1/'), 120, plain)).not.toContain(note);
  expect(reportLines(of('http://h:1/f?of=/'), 120, plain)).not.toContain(note);
});

test('a digest that nobody held the pieces against is not called verified', () => {
  const lines = reportLines({ ...report, piecesVerified: 0 }, 120, plain);
  expect(lines).toContain('  pieces    0 of 20 verified');
  expect(lines.filter((line) => line.includes('stated by'))).toEqual(['            stated by the servers']);
});

test('the report at 80 columns', () => {
  expect(reportLines(report, 80, plain).join('\n')).toMatchInlineSnapshot(`
    "✓ video.mp4
      saved as  video.mp4
      total     20.0 MiB in 6.6s, 3.03 MiB/s, efficiency 97.3%
      fetched   15.0 MiB, 5.00 MiB kept from an earlier run, 0 B fetched twice
      pieces    20 of 20 verified
      SHA-256   abababababababababababababababababababababababababababababababab
                stated by the servers, every piece verified

      server      bytes  share  connect  1st byte  wait  mean speed  twice  faults
      ■ :9001  10.0 MiB  50.0%    0.4ms     1.2ms  0.0s  1.50 MiB/s    0 B       0
      ■ :9002  10.0 MiB  50.0%    0.4ms     1.2ms  0.0s  1.50 MiB/s    0 B       2
        closed by its operator after 3.1 s"
  `);
});

test('the report at 50 columns', () => {
  expect(reportLines(report, 50, plain).join('\n')).toMatchInlineSnapshot(`
    "✓ video.mp4
      saved as  video.mp4
      total     20.0 MiB in 6.6s, 3.03 MiB/s, efficie…
      fetched   15.0 MiB, 5.00 MiB kept from an earli…
      pieces    20 of 20 verified
      SHA-256   abababababababababababababababababababababababababababababababab
                stated by the servers, every piece verified

      server     bytes share mean speed faults
      ■ :9001 10.0 MiB 50.0% 1.50 MiB/s      0
      ■ :9002 10.0 MiB 50.0% 1.50 MiB/s      2
        closed by its operator after 3.1 s"
  `);
});

test('it says where a digest comes from, and that there is none', () => {
  const text = (change: Parameters<typeof downloadReport>[0]): string =>
    reportLines(downloadReport(change), 80, plain).join('\n');
  expect(text({})).toContain('stated by the servers, every piece verified');
  expect(text({ sha256Origin: 'computed' })).toContain('computed from the finished file');
  expect(text({ sha256: undefined, sha256Origin: undefined })).toContain(
    'SHA-256   not computed; --sha256 asks for it',
  );
});

test('colours change nothing but the colour', () => {
  expect(reportLines(report, 80, makeTheme(256, true)).map(withoutColor)).toEqual(reportLines(report, 80, plain));
});

test('a whole file that has the hash that was stated needs no line about its pieces', () => {
  const whole = { pieceCount: 20, wholeVerified: 'sha-512' };
  const lines = reportLines(downloadReport({ ...whole, piecesVerified: 0 }), 120, plain).join('\n');
  expect(lines).toContain('whole     verified by its sha-512');
  expect(lines).not.toContain('0 of 20');
  expect(reportLines(downloadReport({ ...whole, piecesVerified: 20 }), 120, plain).join('\n')).toContain(
    '20 of 20 verified',
  );
});
