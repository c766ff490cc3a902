/** What a check of a file found, in lines. */
import type { VerifyReport } from '../../app/verify.js';
import { hashAlgorithms } from '../../base/hash-algorithm.js';
import { printable } from '../../base/printable.js';
import { formatBytes } from '../../base/units.js';
import { counted } from '../figures.js';

/** "f.iso is right: 22 pieces, 21.7 MiB", or what is wrong with it, and where. */
export function verifyLines(report: VerifyReport): string[] {
  const name = printable(report.path, 4096);
  if (report.isGood) return [`${name} is right: ${proof(report)}, ${formatBytes(report.sizeBytes)}`];
  return [
    `${name} is wrong`,
    ...sizeLines(report),
    ...report.badPieces.map((piece) => {
      const what = piece.isMissing ? 'missing' : 'wrong';
      return `  piece ${piece.index}  bytes ${piece.start}-${piece.end - 1}  ${what}`;
    }),
    ...wholeLines(report),
  ];
}

/** The same in one sentence, for an error. */
export function verifySentence(report: VerifyReport): string {
  const name = printable(report.path);
  const { badPieces, pieceCount, sizeBytes, expectedBytes } = report;
  if (badPieces.length > 0) {
    const bytes = badPieces.reduce((sum, piece) => sum + piece.end - piece.start, 0);
    return `${name} is not as expected: ${badPieces.length} of ${counted(pieceCount, 'piece')} ${badPieces.length === 1 ? 'is' : 'are'} bad, ${formatBytes(bytes)}`;
  }
  if (expectedBytes !== undefined && expectedBytes !== sizeBytes) {
    return `${name} has ${sizeBytes} bytes, expected ${expectedBytes}`;
  }
  return `${name} is not as expected: ${wholeLines(report).join('').trim()}`;
}

function proof(report: VerifyReport): string {
  const pieces = report.pieceCount === 0 ? [] : [counted(report.pieceCount, 'piece')];
  const whole = report.whole === undefined ? [] : [hashAlgorithms[report.whole.algorithm].ianaName];
  const parts = [...pieces, ...whole];
  return parts.length === 0 ? 'its size' : parts.join(' and ');
}

function sizeLines({ sizeBytes, expectedBytes }: VerifyReport): string[] {
  if (expectedBytes === undefined || expectedBytes === sizeBytes) return [];
  return [`  it has ${sizeBytes} bytes, expected ${expectedBytes}`];
}

function wholeLines({ whole }: VerifyReport): string[] {
  if (whole === undefined || whole.actual === whole.expected) return [];
  return [`  its ${hashAlgorithms[whole.algorithm].ianaName} is ${whole.actual}, expected ${whole.expected}`];
}
