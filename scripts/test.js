// @ts-check
// `npm test`: build and format, then types, page and lint, then tests, up to what fails; what needs nothing of each other runs
// at the same time. Whatever happens, the last line of the output is "N passed, N failed" (", N skipped" where some were), and
// the exit status is 0 only without a failure. A step that fails before the tests counts as one failure. Arguments go to
// vitest: `npm test -- test/wire`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * @param {string} packageName
 * @param {string} [command]
 * @returns {string} The file that runs the package's command.
 */
function commandOf(packageName, command = packageName) {
  const manifestPath = join(root, 'node_modules', packageName, 'package.json');
  const { bin } = require(manifestPath);
  return join(dirname(manifestPath), typeof bin === 'string' ? bin : bin[command]);
}

/**
 * Runs it and prints what it says, at once or, where others run at the same time, when it has ended.
 * @param {string} title
 * @param {string[]} args Of node.
 * @param {boolean} isAlone
 * @returns {Promise<number>} The exit status; a signal counts as 1.
 */
function run(title, args, isAlone) {
  const startedAtMs = performance.now();
  if (isAlone) process.stdout.write(`\n> ${title}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: isAlone ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
    /** @type {Buffer[]} */
    const said = [];
    child.stdout?.on('data', (/** @type {Buffer} */ chunk) => said.push(chunk));
    child.stderr?.on('data', (/** @type {Buffer} */ chunk) => said.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const took = ((performance.now() - startedAtMs) / 1000).toFixed(0);
      if (!isAlone) process.stdout.write(`\n> ${title} (${took} s)\n${Buffer.concat(said).toString()}`);
      if (code !== 0) process.stdout.write(`\n${title} failed\n`);
      resolve(code ?? 1);
    });
  });
}

/**
 * Runs lanes at the same time, and in each lane one step after the other, up to one that fails.
 * @param {{ title: string, args: string[] }[][]} lanes
 * @returns {Promise<number>} How many steps failed.
 */
async function runLanes(...lanes) {
  let failed = 0;
  await Promise.all(
    lanes.map(async (steps) => {
      for (const { title, args } of steps) {
        if ((await run(title, args, false)) === 0) continue;
        failed += 1;
        return;
      }
    }),
  );
  return failed;
}

/** @returns {Promise<Counts>} */
async function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'manyget-test-'));
  const file = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const status = await run('tests', [commandOf('vitest'), 'run', ...reporters, ...process.argv.slice(2)], true);
    const report = JSON.parse(readFileSync(file, 'utf8'));
    const counts = {
      passed: Number(report.numPassedTests),
      failed: Number(report.numFailedTests),
      skipped: Number(report.numPendingTests) + Number(report.numTodoTests),
    };
    // A test file that does not load, or an error outside of any test, fails the run without a failed test.
    if (status !== 0 && counts.failed === 0) counts.failed = 1;
    if (status === 0 && counts.passed === 0) throw new Error('vitest succeeded without running a test');
    return counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns {Promise<Counts>} */
async function runAll() {
  const build = { title: 'build', args: [join(root, 'scripts', 'build.js')] };
  const format = { title: 'format', args: [commandOf('prettier'), '--check', '--log-level=warn', '.'] };
  const types = { title: 'types', args: [commandOf('typescript', 'tsc'), '-p', 'tsconfig.json', '--noEmit'] };
  const page = {
    title: 'page',
    args: [commandOf('svelte-check'), '--tsconfig', join('web', 'tsconfig.json'), '--fail-on-warnings'],
  };
  const lint = { title: 'lint', args: [commandOf('eslint'), '.'] };
  // All but the format need what is built: the programs in scripts/ and bench/ import it.
  const failed = (await runLanes([build], [format])) || (await runLanes([lint], [types, page]));
  return failed > 0 ? { passed: 0, failed, skipped: 0 } : runTests();
}

/** @type {Counts} */
let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  counts = await runAll();
} catch (error) {
  console.error(error);
}
process.exitCode = counts.failed === 0 ? 0 : 1;
const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
