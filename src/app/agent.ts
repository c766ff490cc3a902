import { readFileSync } from 'node:fs';

/** Version of this package, as its package.json has it. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** What this program calls itself to the other side. */
export function agentName(): string {
  return `manyget/${packageVersion()}`;
}
