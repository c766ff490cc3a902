/** The final report of a download, as it stays on the screen. */
import { printable } from '../../base/printable.js';
import type { DownloadReport, SourceReport } from '../../base/snapshot.js';
import { formatBytes, formatDuration, formatSpeed } from '../../base/units.js';
import { formatPercent, formatShortMs } from '../figures.js';
import { type Cell, tableLines, tableWidth } from '../terminal/table.js';
import { cutEnd, cutStart } from '../terminal/text-width.js';
import type { Theme } from '../terminal/theme.js';
import { sourceNames } from './source-names.js';

/** Longer than any path of a file system in use. */
const pathCharsMax = 4096;

/** The lines of `report` in `width` columns. */
export function reportLines(report: DownloadReport, width: number, theme: Theme): string[] {
  return [...summaryLines(report, width, theme), '', ...sourceLines(report.sources, width, theme)];
}

function summaryLines(report: DownloadReport, width: number, theme: Theme): string[] {
  const { glyphs } = theme;
  const head = `${glyphs.good} ${printable(report.name)}`;
  const total =
    `${formatBytes(report.sizeBytes)} in ${formatDuration(report.elapsedMs)}, ` +
    `${formatSpeed(report.speedBytesPerSec)}, efficiency ${formatPercent(report.efficiency)}`;
  const fact = (name: string, value: string): string => `  ${name.padEnd(9)} ${value}`;
  // A digest and a path are there to be copied: a narrow terminal wraps them, nothing cuts them.
  return [
    theme.good(cutEnd(head, width)),
    report.outputPath === '-'
      ? fact('written', 'to standard output')
      : fact('saved as', printable(report.outputPath, pathCharsMax)),
    cutEnd(fact('total', total), width),
    cutEnd(fact('fetched', fetchedFact(report)), width),
    ...provedFacts(report).map(([name, value]) => cutEnd(fact(name, value), width)),
    ...sha256Facts(report).map((value, index) => fact(index === 0 ? 'SHA-256' : '', value)),
    ...(isPageOfFolder(report)
      ? [fact('note', 'an address with "/" at its end is of a folder: this is its page')]
      : []),
  ];
}

/** Whoever names a folder gets what a browser would show of it, which may not be what was wanted. */
function isPageOfFolder({ sources }: DownloadReport): boolean {
  return sources.length > 0 && sources.every(({ url }) => /^https?:\/\/[^/?#]+\/[^?#]+\/$/i.test(url));
}

/** Pieces that nobody states hashes of are not worth a line where the whole file has the hash that it should have. */
function provedFacts(report: DownloadReport): readonly (readonly [string, string])[] {
  const { piecesVerified, pieceCount, wholeVerified } = report;
  const pieces = ['pieces', `${piecesVerified} of ${pieceCount} verified`] as const;
  if (wholeVerified === '') return [pieces];
  const whole = ['whole', `verified by its ${wholeVerified}`] as const;
  return piecesVerified === 0 ? [whole] : [pieces, whole];
}

function fetchedFact(report: DownloadReport): string {
  const resumed = report.resumedBytes > 0 ? `, ${formatBytes(report.resumedBytes)} kept from an earlier run` : '';
  return `${formatBytes(report.fetchedBytes)}${resumed}, ${formatBytes(report.duplicateBytes)} fetched twice`;
}

function isProved({ piecesVerified, pieceCount }: DownloadReport): boolean {
  return pieceCount > 0 && piecesVerified === pieceCount;
}

function sha256Facts(report: DownloadReport): string[] {
  if (report.sha256 === undefined) return ['not computed; --sha256 asks for it'];
  switch (report.sha256Origin) {
    case 'computed':
      return [report.sha256, 'computed from the finished file'];
    case 'stated':
      return [
        report.sha256,
        isProved(report) ? 'stated by the servers, every piece verified' : 'stated by the servers',
      ];
    case undefined:
      return [report.sha256];
  }
}

const heads = ['server', 'bytes', 'share', 'connect', '1st byte', 'wait', 'mean speed', 'twice', 'faults'];
const leftColumns = new Set([0]);
const indent = '  ';
const nameColumnsMax = 32;

function sourceLines(sources: readonly SourceReport[], width: number, theme: Theme): string[] {
  const table = (short: boolean): (readonly Cell[])[] => {
    const names = sourceNames(sources, short);
    return [
      heads.map((text): Cell => ({ text, paint: theme.faint })),
      ...sources.map((source) => sourceRow(source, cutStart(names.short(source.id), nameColumnsMax), theme)),
    ];
  };
  // Full names and wide gaps where there is room; then short names; then fewer columns.
  const shapes = [
    { rows: table(false), gap: 2 },
    { rows: table(true), gap: 2 },
    { rows: table(true), gap: 1 },
    { rows: table(true).map(narrow), gap: 1 },
  ];
  const shape = shapes.find(({ rows, gap }) => tableWidth(rows, gap) + indent.length <= width) ?? shapes[3];
  const lines = shape === undefined ? [] : tableLines(shape.rows, leftColumns, shape.gap);
  return lines.flatMap((line, index) => {
    const note = index === 0 ? '' : printable(sourceNote(sources[index - 1]));
    return note === '' ? [indent + line] : [indent + line, theme.faint(cutEnd(`${indent}  ${note}`, width))];
  });
}

/** What a row's figures do not say. */
function sourceNote(source: SourceReport | undefined): string {
  const limits = source?.ranges === false ? ['gives no ranges: the file from its start on, in order'] : [];
  return [...limits, source?.note ?? ''].filter((text) => text !== '').join('; ');
}

/** What is left of a row where there is no room: server, bytes, share, mean speed, faults. */
function narrow(row: readonly Cell[]): Cell[] {
  return row.filter((_, column) => [0, 1, 2, 6, 8].includes(column));
}

function sourceRow(source: SourceReport, name: string, theme: Theme): Cell[] {
  return [
    { text: `${theme.glyphs.swatch} ${name}`, paint: (text) => theme.source(source.id, text) },
    { text: formatBytes(source.bytes) },
    { text: formatPercent(source.share) },
    { text: formatShortMs(source.connectMs) },
    { text: formatShortMs(source.firstByteMs) },
    { text: formatDuration(source.waitingMs) },
    { text: formatSpeed(source.meanSpeedBytesPerSec) },
    { text: formatBytes(source.duplicateBytes) },
    { text: String(source.faults), paint: source.faults > 0 ? theme.bad : undefined },
  ];
}
