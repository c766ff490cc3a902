#!/usr/bin/env node
/** What Node starts: `main.ts` and what it reaches, bundled, as it was compiled in an earlier run if it was. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../app/cache-folder.js';
import { builtFile } from '../base/built-file.js';
import { KeptCode } from './kept-code.js';
import type * as Main from './main.js';

const code = new KeptCode(fileURLToPath(builtFile('bin/command.js')), codeFolder());
const { runCommand } = code.load() as typeof Main;
// Code belongs to the flags that it was compiled with.
void runCommand(process.argv.slice(2), { mayOptimizeLate: !code.isWanted }).then((status) => {
  if (status === 0) code.keep();
  process.exit(status);
});

/** Undefined where no code is kept: it would hide from a measurement of coverage what does not run. */
function codeFolder(): string | undefined {
  const { NODE_V8_COVERAGE: coverage, NODE_DISABLE_COMPILE_CACHE: disabled } = process.env;
  if (coverage !== undefined || disabled !== undefined) return undefined;
  try {
    return join(cacheFolder(), 'code');
  } catch {
    return undefined; // A user without a home.
  }
}
