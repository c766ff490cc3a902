// @ts-check
// How each tool is asked for a file that several servers have.
import path from 'node:path';
import process from 'node:process';
import { commandPath } from '../../scripts/command-path.js';
import { hasCommand } from '../timed-process.js';

/**
 * @typedef {object} Tool
 * @property {string} name
 * @property {import('./servers.js').Kind} kind What the servers speak.
 * @property {string} needs The command; empty: ours.
 * @property {(urls: readonly string[], out: string, best: string) => string[]} command `best` is the fastest server's.
 */

const aria2c = ['aria2c', '--no-conf', '-q', '--file-allocation=none'];
/** @param {string} out */
const into = (out) => ['-d', path.dirname(out), '-o', path.basename(out)];
/** @type {Tool['command']} */
const manyget = (urls, out) => [process.execPath, commandPath, 'get', '--quiet', '--no-netrc', '-o', out, ...urls];

/** @type {readonly Tool[]} */
const tools = [
  { name: 'native', kind: 'mgp', needs: '', command: manyget },
  { name: 'http', kind: 'http', needs: '', command: manyget },
  { name: 'aria2', kind: 'http', needs: 'aria2c', command: (urls, out) => [...aria2c, ...into(out), ...urls] },
  {
    name: 'aria2-x4',
    kind: 'http',
    needs: 'aria2c',
    command: (urls, out) => [
      ...[...aria2c, '-x4', `-s${4 * urls.length}`, '-k1M', '--max-tries=0', '--retry-wait=1'],
      ...['--timeout=5', '--connect-timeout=5', ...into(out), ...urls],
    ],
  },
  {
    name: 'aria2-x16',
    kind: 'http',
    needs: 'aria2c',
    command: (urls, out) => [
      ...[...aria2c, '-x16', '-s64', '-k1M', '--max-tries=0', '--retry-wait=1', ...into(out), ...urls],
    ],
  },
  {
    name: 'axel',
    kind: 'http',
    needs: 'axel',
    command: (urls, out) => ['axel', '-q', '-n', String(4 * urls.length), '-o', out, ...urls],
  },
  {
    name: 'wget2',
    kind: 'http',
    needs: 'wget2',
    command: (_, out, best) => ['wget2', '--no-config', '-q', '--max-threads=8', '--chunk-size=4M', '-O', out, best],
  },
  {
    name: 'lftp',
    kind: 'http',
    needs: 'lftp',
    command: (_, out, best) => ['lftp', '-c', `set net:timeout 10; pget -n 8 ${best} -o ${out}`],
  },
  { name: 'curl', kind: 'http', needs: 'curl', command: (_, out, best) => ['curl', '-s', '-o', out, best] },
];

export const toolNames = tools.map(({ name }) => name);

/**
 * Those of the names, in their order; says which are not here.
 * @param {readonly string[]} names
 */
export function chooseTools(names) {
  return names.flatMap((name) => {
    const tool = tools.find((one) => one.name === name);
    if (tool === undefined) throw new Error(`--tools names some of ${toolNames.join(', ')}, not ${name}`);
    if (tool.needs === '' || hasCommand(tool.needs)) return [tool];
    process.stdout.write(`${name}: skipped, ${tool.needs} is not installed\n`);
    return [];
  });
}
