// @ts-check
// `npm run bench -- COMMAND ...`: dispatches to the bench of that name.
import { existsSync } from 'node:fs';
import process from 'node:process';

const commands = [
  'simulate',
  'loopback',
  'links',
  'http',
  'memory',
  'first-byte',
  'mirrors',
  'film',
  'top',
  'flood',
  'proof',
  'daemon',
  'faults',
];
const [command = '', ...args] = process.argv.slice(2);
const file = new URL(`./${command}.js`, import.meta.url);
if (!commands.includes(command) || !existsSync(file)) {
  const known = commands.filter((name) => existsSync(new URL(`./${name}.js`, import.meta.url)));
  process.stderr.write(`usage: npm run bench -- ${known.join('|')} ...\n`);
  process.exitCode = 2;
} else {
  /** @type {{ run: (args: string[]) => Promise<number> }} */
  const bench = await import(file.href);
  process.exitCode = await bench.run(args);
}
