// @ts-check
import { fileURLToPath } from 'node:url';

/** The command as it ships: bundled by the build. */
export const commandPath = fileURLToPath(new URL('../dist/bin/manyget.js', import.meta.url));
