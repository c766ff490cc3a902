// @ts-check
// `npm run fuzz -- [--runs 1000000] [--journals 100000] [--seed N] [--only NAME] [--path P] [--tally FILE]`: feeds every codec
// that reads somebody else's bytes with damaged good input and with noise. Holds: nothing but the errors that are meant comes out;
// cut into single bytes, or anywhere, a stream gives the same messages; a damaged journal never makes a wrong byte
// believed. A failure prints the command that repeats it, shrunk.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { targets } from './fuzz-targets.js';
import { addToTally } from './tally.js';

/** @typedef {import('./fuzz-targets.js').Target} Target */

/** One damage: where (of 65,536), which, and with what. */
const damage = fc.record({
  at: fc.nat(65_535),
  kind: fc.constantFrom(
    .../** @type {const} */ (['flip', 'flip', 'set', 'cut', 'drop', 'insert', 'repeat', 'swap', 'number', 'noise']),
  ),
  value: fc.nat(255),
  length: fc.nat(40),
});

const numbers = ['0', '-1', '18446744073709551616', '9007199254740993', '1000000000000000', '4294967296', 'NaN', '1e9'];

/**
 * @param {Uint8Array} good
 * @param {readonly { at: number, kind: string, value: number, length: number }[]} damages
 */
function damaged(good, damages) {
  let bytes = Buffer.from(good);
  for (const { at, kind, value, length } of damages) {
    const i = bytes.length === 0 ? 0 : Math.floor((at / 65_536) * bytes.length);
    if (kind === 'flip' && bytes.length > 0) bytes[i] = (bytes[i] ?? 0) ^ (1 << (value & 7));
    if (kind === 'set' && bytes.length > 0) bytes[i] = value;
    if (kind === 'cut') bytes = bytes.subarray(0, i);
    if (kind === 'drop') bytes = Buffer.concat([bytes.subarray(0, i), bytes.subarray(i + length)]);
    if (kind === 'insert')
      bytes = Buffer.concat([bytes.subarray(0, i), Buffer.alloc(length, value), bytes.subarray(i)]);
    if (kind === 'repeat')
      bytes = Buffer.concat([bytes.subarray(0, i), bytes.subarray(Math.max(0, i - length), i), bytes.subarray(i)]);
    if (kind === 'swap') bytes = Buffer.concat([bytes.subarray(i), bytes.subarray(0, i)]);
    if (kind === 'number') {
      const put = Buffer.from(numbers[value % numbers.length] ?? '0');
      bytes = Buffer.concat([bytes.subarray(0, i), put, bytes.subarray(i + (length % 4))]);
    }
    if (kind === 'noise') {
      const noise = Buffer.from(Array.from({ length }, (_, n) => (value * 31 + n * 97 + at) & 255));
      bytes = Buffer.concat([bytes.subarray(0, i), noise, bytes.subarray(i + length)]);
    }
  }
  return bytes.subarray(0, 16_384);
}

/** @param {Uint8Array} bytes @param {readonly number[]} steps */
function cut(bytes, steps) {
  const pieces = [];
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const step = steps[i % steps.length] ?? 1;
    pieces.push(bytes.subarray(at, at + step));
    at += step;
  }
  return pieces;
}

/** @param {Target} target */
function inputs(target) {
  const good = fc
    .tuple(fc.nat(Math.max(0, target.samples.length - 1)), fc.array(damage, { maxLength: 4 }))
    .map(([n, damages]) => damaged(target.samples[n] ?? new Uint8Array(0), damages));
  const noise = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes));
  const steps = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });
  return fc.tuple(fc.oneof({ weight: 6, arbitrary: good }, { weight: 1, arbitrary: noise }), steps);
}

/** @param {unknown[]} a @param {unknown[]} b */
function same(a, b) {
  const [first, second] = [JSON.stringify(a), JSON.stringify(b)];
  if (first !== second) throw new Error(`cut differently it gives\n  ${second}\nin place of\n  ${first}`);
}

/**
 * @param {Target} target
 * @param {number} runs
 * @param {{ seed: number, path: string | undefined }} again
 */
async function fuzz(target, runs, again) {
  const property = fc.asyncProperty(inputs(target), async ([bytes, steps]) => {
    const trace = await target.read([bytes]);
    if (!target.isStream) return;
    same(trace, await target.read(cut(bytes, [1])));
    same(trace, await target.read(cut(bytes, steps)));
  });
  const { path } = again;
  return fc.check(property, { numRuns: runs, seed: again.seed, ...(path === undefined ? {} : { path }) });
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    journals: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    only: { type: 'string' },
    path: { type: 'string' },
    tally: { type: 'string' },
  },
});
const seed = Number(values.seed);
const chosen = targets.filter((target) => values.only === undefined || target.name === values.only);
if (chosen.length === 0) {
  process.stderr.write(`--only names one of: ${targets.map((target) => target.name).join(', ')}\n`);
  process.exitCode = 2;
}
const shared = targets.filter((target) => target.share !== 0).length;
let total = 0;
let journals = 0;
for (const target of chosen) {
  const runs = target.share === 0 ? Number(values.journals) : Math.ceil(Number(values.runs) / shared);
  const startedAtMs = Date.now();
  const result = await fuzz(target, runs, { seed, path: values.path });
  total += result.numRuns;
  if (target.share === 0) journals += result.numRuns;
  const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1);
  if (!result.failed) {
    process.stdout.write(`${target.name}: ${result.numRuns} inputs, ${seconds} s\n`);
    continue;
  }
  const { counterexample, counterexamplePath, errorInstance } = result;
  const [bytes, steps] = counterexample?.[0] ?? [];
  const why = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  process.stderr.write(
    `${target.name}: ${why}\n` +
      `input (${bytes?.length ?? 0} bytes): ${bytes?.toString('hex') ?? ''}, cut by ${JSON.stringify(steps)}\n` +
      `again: npm run fuzz -- --only '${target.name}' --seed ${seed} --path '${counterexamplePath ?? ''}' --runs ${values.runs} --journals ${values.journals}\n`,
  );
  process.exitCode = 1;
}
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
process.stdout.write(`manyget ${version}: ${total} inputs to ${chosen.length} codecs, seed ${seed}\n`);
if (process.exitCode === undefined) {
  addToTally(values.tally, [
    { seed, what: 'damaged inputs to codecs', count: total - journals },
    { seed, what: 'damaged journals', count: journals },
  ]);
}
