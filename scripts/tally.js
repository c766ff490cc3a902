// @ts-check
// A count over several runs of a script: `--tally FILE` adds this run's line to FILE and prints the sum of all lines, so
// that a thousand kills may be made in ten pieces. Never judges: a run that failed adds nothing.
import { appendFileSync, readFileSync } from 'node:fs';
import process from 'node:process';

/**
 * @typedef {{ seed: number, date: string, what: string, count: number, worst?: number }} Counted
 * `what` is counted, as "kills over mgp"; `worst` is a figure of which the largest counts.
 */

/**
 * Adds `counted` to `file` and says what there is now; without a file it does nothing.
 * @param {string | undefined} file
 * @param {readonly Omit<Counted, 'date'>[]} counted
 */
export function addToTally(file, counted) {
  if (file === undefined) return;
  const date = new Date().toISOString().slice(0, 10);
  for (const one of counted) appendFileSync(file, `${JSON.stringify({ ...one, date })}\n`);
  for (const line of tallyLines(readFileSync(file, 'utf8'))) process.stdout.write(`${line}\n`);
}

/**
 * One sentence for each thing that was counted.
 * @param {string} text
 */
export function tallyLines(text) {
  /** @type {Map<string, Counted[]>} */
  const byWhat = new Map();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    /** @type {Counted} */
    const counted = JSON.parse(line);
    byWhat.set(counted.what, [...(byWhat.get(counted.what) ?? []), counted]);
  }
  return [...byWhat].map(([what, all]) => {
    const sum = all.reduce((total, { count }) => total + count, 0);
    const worst = all.reduce((most, one) => Math.max(most, one.worst ?? 0), 0);
    const seeds = [...new Set(all.map(({ seed }) => seed))].sort((a, b) => a - b);
    return `in all: ${sum} ${what}, seeds ${seeds.join(', ')}${worst > 0 ? `, at most ${worst.toFixed(2)} s worth lost` : ''}`;
  });
}
