import { fileURLToPath } from 'node:url';

/** The command as it ships: bundled by the build, which `npm test` runs first. */
export const commandPath = fileURLToPath(new URL('../../dist/bin/manyget.js', import.meta.url));
