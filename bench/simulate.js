// @ts-check
// `npm run bench -- simulate`: the real scheduler in simulated worlds. The simulator is TypeScript in test/sim/; it is
// compiled to tmp/bench first.
//
//   --seeds N [--from SEED]   N random worlds: the distribution of time / bound, the worst seeds and how to replay them
//   --seed SEED [--gantt F]   one of them; F gets a chart, source x time, as SVG
//   --worlds [NAME]           the named worlds, each also with a server more that is of no use
//   --world NAME [--gantt F]  one of them, for example 02-hetero or 05+slow
//   --scale                   10,000 sources and 1,000,000 pieces: time for a decision, memory
//   --http                    with --seeds and --seed most servers speak HTTP, in the named worlds all: it cannot shorten what was asked for
//   --log                     with one world: every command with its reason
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

function build() {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', join(root, 'bench', 'tsconfig.json')], { stdio: 'inherit' });
  if (result.status !== 0) throw new Error('the simulator does not compile');
}

/** @param {string} name Of a module in test/sim/. */
function load(name) {
  return import(new URL(`../tmp/bench/test/sim/${name}.js`, import.meta.url).href);
}

/**
 * @param {string[]} args
 * @returns {Promise<number>} The exit status.
 */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: 'string' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      worlds: { type: 'boolean', default: false },
      world: { type: 'string' },
      scale: { type: 'boolean', default: false },
      gantt: { type: 'string' },
      http: { type: 'boolean', default: false },
      log: { type: 'boolean', default: false },
    },
  });
  const kind = values.http ? 'http' : 'mgp';
  build();
  const { sweepText, worldText, worldsText, scaleText } = await load('report');
  const print = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`);
  if (values.seed !== undefined || values.world !== undefined) {
    const { seed, world, log, gantt } = values;
    const { chart } = worldText({ seed: seed === undefined ? undefined : Number(seed), kind, world, log }, print);
    if (gantt !== undefined) writeFileSync(gantt, chart());
  } else if (values.worlds) worldsText(kind, print);
  else if (values.scale) scaleText(print);
  else return sweepText(Number(values.from), Number(values.seeds ?? 1000), kind, print) ? 0 : 1;
  return 0;
}
