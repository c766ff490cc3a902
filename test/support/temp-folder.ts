import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { endWithTests } from './end-with-tests.js';

/** A fresh folder under the system's temporary one, removed with all that is in it after the test that asked for it. */
export function tempFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'manyget-test-'));
  made.push(folder);
  return folder;
}

const made: string[] = [];

endWithTests(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});
