// @ts-check
// Bundles the command: dist/cli/main.js and what it reaches become a few files in dist/bin/. Node reads two hundred small modules in a quarter of a second,
// which a download of four seconds feels; the library and the threads' entries stay as the compiler wrote them.
import { chmodSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/**
 * @returns {Promise<void>}
 */
export async function bundleCommand() {
  rmSync(`${dist}bin`, { recursive: true, force: true });
  const bundle = await rolldown({
    input: { manyget: `${dist}cli/main.js` },
    platform: 'node',
    // Dependencies stay packages of their own: they are found, updated and audited as such.
    external: (id) => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith(dist),
  });
  await bundle.write({
    dir: `${dist}bin`,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    comments: false,
  });
  await bundle.close();
  chmodSync(`${dist}bin/manyget.js`, 0o755);
}
