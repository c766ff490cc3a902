// @ts-check
// Compiles src/ to dist/, bundles the command into dist/bin/, writes man/manyget.1, builds the page of web/ into dist/web/, and removes what dist/ holds of
// sources that are gone, so that neither a test nor a package
// ever sees a file that no longer exists. It does not empty dist/ first: whoever runs from it meanwhile is not disturbed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildPage } from './build-page.js';
import { bundleCommand } from './bundle-command.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/**
 * @param {string} folder Below dist/ and src/, '' for all.
 */
function removeOrphans(folder) {
  const entries = readdirSync(join(root, 'dist', folder), { withFileTypes: true });
  for (const entry of entries) {
    const path = join(folder, entry.name);
    // The page and the bundled command are built as a whole.
    if (path === 'web' || path === 'bin') continue;
    if (entry.isDirectory()) {
      removeOrphans(path);
      if (!existsSync(join(root, 'src', path))) rmdirSync(join(root, 'dist', path));
      continue;
    }
    const source = path.replace(/(?:\.d\.ts|\.js)$/, '.ts');
    if (source === path || !existsSync(join(root, 'src', source))) rmSync(join(root, 'dist', path));
  }
}

/** The man page is made of the commands and flags that were just compiled. */
async function writeManPage() {
  const { manPageText } = await import(
    pathToFileURL(join(root, 'dist', 'cli', 'reference', 'print-reference.js')).href
  );
  const text = manPageText(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version);
  const path = join(root, 'man', 'manyget.1');
  mkdirSync(join(root, 'man'), { recursive: true });
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

/** What V8 makes of the command, so that its first run is as fast as its second. */
async function buildCode() {
  const { KeptCode } = await import(pathToFileURL(join(root, 'dist', 'cli', 'kept-code.js')).href);
  KeptCode.build(join(root, 'dist', 'bin', 'command.js'));
}

if (existsSync(join(root, 'dist'))) removeOrphans('');
const tsc = require.resolve('typescript/bin/tsc');
const result = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (result.error !== undefined) throw result.error;
process.exitCode = result.status ?? 1;
if (result.status === 0) {
  await writeManPage();
  await bundleCommand();
  await buildCode();
  await buildPage();
}
