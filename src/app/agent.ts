import { readFileSync } from 'node:fs';
import { builtFile } from '../base/built-file.js';

/** Version of this package, as its package.json has it. */
export function packageVersion(): string {
  const text = readFileSync(builtFile('../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** What this program calls itself to the other side. */
export function agentName(): string {
  return `manyget/${packageVersion()}`;
}
