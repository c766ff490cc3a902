// @ts-check
// Builds the daemon's page: web/ to dist/web/, a few small files without a reference to anybody else.
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build } from 'vite';

const root = fileURLToPath(new URL('../web/', import.meta.url));

/**
 * @returns {Promise<void>}
 */
export async function buildPage() {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [svelte({ configFile: false })],
    build: {
      outDir: fileURLToPath(new URL('../dist/web/', import.meta.url)),
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: false,
      reportCompressedSize: false,
    },
  });
}
