import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { commandPath } from '../support/command-path.js';
import { seededBytes } from '../support/download-lab.js';
import { ServingProcess } from '../support/serving-process.js';
import { tempFolder } from '../support/temp-folder.js';

const execute = promisify(execFile);

/** Other options of Node than those of the build: what that keeps is of no use then. */
const notAsBuilt = { NODE_OPTIONS: '--no-deprecation' };

/** Runs the command as a user whose cache is in `folder`. */
async function manyget(folder: string, args: readonly string[], more: Record<string, string> = {}): Promise<string> {
  const env: NodeJS.ProcessEnv = { ...process.env, ...notAsBuilt, XDG_CACHE_HOME: folder, ...more };
  const keep = ['NODE_V8_COVERAGE', 'NODE_DISABLE_COMPILE_CACHE'].filter((name) => more[name] === undefined);
  for (const name of keep) Reflect.deleteProperty(env, name);
  const { stdout } = await execute(process.execPath, [commandPath, ...args], { cwd: folder, env });
  return stdout;
}

test('a download runs on the code that an earlier run has kept, and brings the same', async () => {
  const folder = tempFolder();
  const content = seededBytes(3 << 20, 41);
  writeFileSync(join(folder, 'film.bin'), content);
  await using serving = await ServingProcess.start(join(folder, 'film.bin'), ['-n', '2'], join(folder, 'of-server'));
  const get = (out: string): Promise<string> =>
    manyget(folder, ['get', serving.url('film.bin', 1), serving.url('film.bin', 2), '-o', out, '--quiet']);
  await get('first.bin');
  const code = join(folder, 'manyget', 'code');
  const [name = '', ...others] = readdirSync(code);
  expect(others).toEqual([]);
  const keptAtMs = statSync(join(code, name)).mtimeMs;
  await get('second.bin');
  expect(statSync(join(code, name)).mtimeMs).toBe(keptAtMs);
  for (const out of ['first.bin', 'second.bin']) {
    expect(Buffer.compare(readFileSync(join(folder, out)), content)).toBe(0);
  }
});

test('a build comes with its code: already the first run has nothing to keep', async () => {
  const folder = tempFolder();
  await manyget(folder, ['--version'], { NODE_OPTIONS: process.env['NODE_OPTIONS'] ?? '' });
  expect(existsSync(join(folder, 'manyget'))).toBe(false);
});

test('all commands share the code', async () => {
  const folder = tempFolder();
  const version = await manyget(folder, ['--version']);
  expect(await manyget(folder, ['--version'])).toBe(version);
  await manyget(folder, ['completion', 'bash']);
  expect(readdirSync(join(folder, 'manyget', 'code'))).toHaveLength(1);
});

test('a run that fails keeps no code, and neither does one that is told not to or whose coverage is measured', async () => {
  const folder = tempFolder();
  await expect(manyget(folder, ['get', '--no-such-flag'])).rejects.toMatchObject({ code: 28 });
  await manyget(folder, ['--version'], { NODE_DISABLE_COMPILE_CACHE: '1' });
  await manyget(folder, ['--version'], { NODE_V8_COVERAGE: join(folder, 'coverage') });
  expect(existsSync(join(folder, 'manyget'))).toBe(false);
});

test('damaged code is made anew', async () => {
  const folder = tempFolder();
  const version = await manyget(folder, ['--version']);
  const code = join(folder, 'manyget', 'code');
  const file = join(code, readdirSync(code)[0] ?? '');
  const whole = readFileSync(file);
  writeFileSync(file, whole.subarray(0, whole.length >> 1));
  expect(await manyget(folder, ['--version'])).toBe(version);
  expect(readFileSync(file).length).toBeGreaterThan(whole.length >> 1);
});
