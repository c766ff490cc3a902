// @ts-check
// `npm test`: build, types, lint, format, tests, in this order, up to the first that fails. Whatever happens, the last
// line of the output is "N passed, N failed" (", N skipped" where some were), and the exit status is 0 only without a
// failure. A step that fails before the tests counts as one failure. Arguments go to vitest: `npm test -- test/wire`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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
 * @param {string} title
 * @param {string[]} args Of node.
 * @returns {Promise<number>} The exit status; a signal counts as 1.
 */
function run(title, args) {
  process.stdout.write(`\n> ${title}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** @returns {Promise<Counts>} */
async function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'manyget-test-'));
  const file = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const status = await run('tests', [commandOf('vitest'), 'run', ...reporters, ...process.argv.slice(2)]);
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
  const steps = [
    { title: 'build', args: [join(root, 'scripts', 'build.js')] },
    { title: 'types', args: [commandOf('typescript', 'tsc'), '-p', 'tsconfig.json', '--noEmit'] },
    {
      title: 'page',
      args: [commandOf('svelte-check'), '--tsconfig', join('web', 'tsconfig.json'), '--fail-on-warnings'],
    },
    { title: 'lint', args: [commandOf('eslint'), '.'] },
    { title: 'format', args: [commandOf('prettier'), '--check', '--log-level=warn', '.'] },
  ];
  for (const step of steps) {
    if ((await run(step.title, step.args)) === 0) continue;
    process.stdout.write(`\n${step.title} failed\n`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  return runTests();
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
