import { describe, expect, test } from 'vitest';
import { errorTable } from '../src/base/errors.js';
import {
  deadCommandFindings,
  deadPathFindings,
  errorPageFindings,
  pathsOf,
  unrecordedDependencyFindings,
} from './support/tidy/doc-rules.js';
import { cycleFindings, floorFindings } from './support/tidy/floor-rules.js';
import { floorOf, pureFloors } from './support/tidy/house.js';
import { configuredRegistryHosts, lockFindings, placeFindings } from './support/tidy/place-rules.js';
import { purityFindings } from './support/tidy/purity-rules.js';
import { readRepoFiles, repoPaths } from './support/tidy/repo-files.js';
import type { Finding, RepoFile } from './support/tidy/source-file.js';
import {
  defaultExportFindings,
  lengthFindings,
  nameFindings,
  switchedOffFindings,
} from './support/tidy/style-rules.js';

/**
 * The house keeps its own order: each rule is a function that is shown here to catch what it is there for, and is then
 * asked about every file.
 */
const paths = repoPaths();
const files = readRepoFiles(paths);
const code = files.filter((file) => /\.[cm]?[jt]s$/.test(file.path));
const sources = code.filter((file) => file.path.startsWith('src/'));
const pages = files.filter((file) => file.path.endsWith('.md'));
const packageJson = JSON.parse(textOf('package.json')) as {
  readonly scripts: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
};

function textOf(path: string): string {
  const file = files.find((candidate) => candidate.path === path);
  if (file === undefined) throw new Error(`${path} is missing`);
  return file.text;
}

function at(path: string, text: string): RepoFile {
  return { path, text };
}

function findingsOf(inFiles: readonly RepoFile[], rule: (file: RepoFile) => Finding[]): Finding[] {
  return inFiles.flatMap((file) => rule(file));
}

test('the rules look at the whole repository', () => {
  for (const path of ['src/wire/mgp-frame.ts', 'test/tidy.test.ts', 'docs/architecture.md', 'README.md', '.ci/run']) {
    expect(files.map((file) => file.path)).toContain(path);
  }
  expect(paths.filter((path) => path.startsWith('node_modules/') || path.startsWith('dist/'))).toEqual([]);
});

describe('floors', () => {
  test('imports in src/ only point down', () => {
    expect(findingsOf(sources, floorFindings)).toEqual([]);
  });

  test.each([
    ['src/base/units.ts', `import { x } from '../wire/mgp-frame.js';`],
    ['src/base/units.ts', `import { readFileSync } from 'node:fs';`],
    ['src/base/units.ts', `import * as v from 'valibot';`],
    ['src/wire/a.ts', `import type { X } from '../core/ledger.js';`],
    ['src/wire/a.ts', `export { x } from '../core/ledger.js';`],
    ['src/wire/a.ts', `import { Socket } from 'node:net';`],
    ['src/core/a.ts', `import { randomBytes } from 'node:crypto';`],
    ['src/core/a.ts', `import * as crypto from 'node:crypto';`],
    ['src/wire/a.ts', `import { gzipSync } from 'node:zlib';`],
    ['src/core/a.ts', `import fs from 'fs';`],
    ['src/core/a.ts', `const store = await import('../store/journal.js');`],
    ['src/core/a.ts', `const x = await import(name);`],
    ['src/core/a.ts', `type X = import('../store/journal.js').X;`],
    ['src/store/a.ts', `import { x } from '../sources/mgp.js';`],
    ['src/sources/a.ts', `import { x } from '../core/ledger.js';`],
    ['src/server/a.ts', `import type { X } from '../core/ledger.js';`],
    ['src/server/a.ts', `const worker = new URL('../engine/worker.js', import.meta.url);`],
    ['src/engine/a.ts', `import { x } from '../server/fleet.js';`],
    ['src/cli/a.ts', `import { x } from '../engine/download.js';`],
    ['src/app/a.ts', `import { x } from '../cli/main.js';`],
    ['src/app/a.ts', `import { Command } from 'commander';`],
    ['src/index.ts', `export { x } from './engine/download.js';`],
    ['src/app/a.ts', `import { x } from '../../test/support/x.js';`],
    ['src/attic/a.ts', ``],
  ])('in %s, %j is caught', (path, text) => {
    expect(floorFindings(at(path, text))).toHaveLength(1);
  });

  test.each([
    ['src/base/units.ts', `import type { Socket } from 'node:net';`],
    ['src/wire/a.ts', `import { createHash, type Hash } from 'node:crypto';`],
    ['src/wire/a.ts', `import { crc32 } from 'node:zlib';`],
    ['src/sources/a.ts', `import { type Ledger } from '../core/ledger.js';`],
    ['src/engine/a.ts', `const worker = new URL('./worker.js', import.meta.url);`],
    ['src/cli/a.ts', `import { text } from '@clack/prompts';`],
    ['src/index.ts', `export { download } from './app/download.js';`],
  ])('in %s, %j is fine', (path, text) => {
    expect(floorFindings(at(path, text))).toEqual([]);
  });

  test('no files of src/ need each other in a ring', () => {
    expect(cycleFindings(sources)).toEqual([]);
  });

  test('a ring of files is caught, a ring of types is not', () => {
    const b = at('src/core/b.ts', `import { c } from './c.js';`);
    const c = at('src/core/c.ts', `import { a } from './a.js';`);
    expect(cycleFindings([at('src/core/a.ts', `import { b } from './b.js';`), b, c])).toHaveLength(1);
    expect(cycleFindings([at('src/core/a.ts', `import type { B } from './b.js';`), b, c])).toEqual([]);
  });
});

describe('purity', () => {
  test('core/ and wire/ use no clock, no randomness, no timers and nothing of the outer world', () => {
    const pure = sources.filter((file) => pureFloors.includes(floorOf(file.path)));
    expect(pure.length).toBeGreaterThan(0);
    expect(findingsOf(pure, purityFindings)).toEqual([]);
  });

  test.each([
    'const now = Date.now();',
    "const now = Date['now']();",
    'const now = Date?.now();',
    'const now = new Date();',
    'const now = Date();',
    'const { now } = performance;',
    'performance.now();',
    'const n = Math.random();',
    'setTimeout(f, 1);',
    'setInterval(f, 1);',
    'queue(setImmediate);',
    'process.exit(1);',
    'console.log(1);',
    'crypto.randomUUID();',
    'crypto.getRandomValues(a);',
    'await fetch(url);',
    'globalThis.process.exit();',
    'const clock = { performance };',
  ])('%j is caught', (text) => {
    expect(purityFindings(at('src/core/a.ts', text)).length).toBeGreaterThan(0);
  });

  test.each([
    'const day = new Date(atMs);',
    '// as Date.now() would say',
    'const text = "Math.random()";',
    'this.process(frame);',
    'const handler = { process: 1, fetch(): void {} };',
    'Math.max(1, 2);',
  ])('%j is fine', (text) => {
    expect(purityFindings(at('src/core/a.ts', text))).toEqual([]);
  });
});

describe('files', () => {
  test('no file of code is longer than 400 lines', () => {
    expect(findingsOf(code, lengthFindings)).toEqual([]);
    expect(lengthFindings(at('src/core/a.ts', 'x\n'.repeat(400)))).toEqual([]);
    expect(lengthFindings(at('src/core/a.ts', 'x\n'.repeat(401)))).toHaveLength(1);
  });

  test('every file of code is named for its concept, in kebab-case', () => {
    expect(findingsOf(code, nameFindings)).toEqual([]);
    for (const name of ['utils.ts', 'util.js', 'helpers.ts', 'rateMeter.ts', 'Rate.test.ts', 'rate_meter.ts']) {
      expect(nameFindings(at(`src/core/${name}`, '')), name).toHaveLength(1);
    }
    expect(nameFindings(at('test/core/rate-meter.test.ts', ''))).toEqual([]);
  });

  test('nothing is exported as default', () => {
    const judged = code.filter((file) => !/^[\w.]+\.config\.[jt]s$/.test(file.path));
    expect(findingsOf(judged, defaultExportFindings)).toEqual([]);
    const caught = ['export default 1;', 'export default class A {}', 'const a = 1; export { a as default };'];
    for (const text of caught) expect(defaultExportFindings(at('src/core/a.ts', text)), text).toHaveLength(1);
    expect(defaultExportFindings(at('src/core/a.ts', 'export const a = 1;'))).toEqual([]);
  });

  test('no test is switched off, and none switches the others off', () => {
    expect(findingsOf(code, switchedOffFindings)).toEqual([]);
    // In two parts each, so that this very line names none of them.
    const marks = [
      ...['only', 'skip', 'only.each([1])', 'fails'].map((mark) => `test.${mark}`),
      ...['it.' + 'todo', 'describe.' + 'only', 'x' + 'it'],
    ];
    for (const mark of marks) {
      expect(switchedOffFindings(at('test/a.test.ts', `${mark}('x', () => {});`)), mark).toHaveLength(1);
    }
    expect(switchedOffFindings(at('test/a.test.ts', `test.skipIf(noDisk)('x', () => {}); queue.skip(1);`))).toEqual([]);
  });
});

describe('places', () => {
  const hosts = configuredRegistryHosts(process.env['npm_config_registry']);

  test('no file names a path of one machine or a package registry', () => {
    expect(findingsOf(files, (file) => placeFindings(file, hosts))).toEqual([]);
  });

  test.each([
    ['', 'home', 'ann', 'file'].join('/'),
    ['', 'Users', 'ann', 'file'].join('/'),
    `cd ${['', 'root', 'x'].join('/')}`,
    `"${['', 'work', 'main'].join('/')}"`,
    ['C:', 'Users', 'ann'].join('\\'),
    `https://${['registry', 'npmjs', 'org'].join('.')}/x`,
    'from https://packages.example/x',
  ])('%j is caught', (text) => {
    expect(placeFindings(at('docs/a.md', text), ['packages.example'])).toHaveLength(1);
  });

  test.each([
    ['test', 'work', 'x'].join('/'),
    ['https:', '', 'a.example', 'home', 'x'].join('/'),
    ['~', 'work', 'x'].join('/'),
    ['', 'tmp', 'x'].join('/'),
    'workhome/',
    ['', 'home', 'a.bin'].join('/'),
  ])('%j is fine', (text) => {
    expect(placeFindings(at('docs/a.md', text))).toEqual([]);
  });

  test('the host of a registry is its name, and this machine itself is no name', () => {
    expect(configuredRegistryHosts('https://packages.example/npm/')).toEqual(['packages.example']);
    for (const none of [undefined, '', 'http://127.0.0.1:4873/', 'http://localhost:4873/', 'http://[::1]/']) {
      expect(configuredRegistryHosts(none)).toEqual([]);
    }
  });

  test('the lock file does not say where packages were fetched', () => {
    expect(lockFindings(at('package-lock.json', textOf('package-lock.json')))).toEqual([]);
    const bad = { packages: { 'node_modules/a': { resolved: 'https://a.example/a.tgz' }, 'node_modules/b': {} } };
    expect(lockFindings(at('package-lock.json', JSON.stringify(bad)))).toHaveLength(1);
  });
});

describe('pages', () => {
  const known = pathsOf(paths);
  const scripts = Object.keys(packageJson.scripts);

  test('every path that a page names exists', () => {
    expect(pages.length).toBeGreaterThan(3);
    expect(findingsOf(pages, (page) => deadPathFindings(page, known))).toEqual([]);
  });

  test.each([
    ['README.md', 'see `src/wire/gone.ts`'],
    ['README.md', 'see src/attic/ for more'],
    ['README.md', 'run ./scripts/gone.js.'],
    ['README.md', '[text](docs/gone.md#part)'],
    ['docs/a.md', '[text](gone.md)'],
    ['docs/a.md', '[text](../GONE.md)'],
    ['README.md', 'node dist/cli/gone.js'],
    ['README.md', '`test/attic/*.test.ts`'],
  ])('in %s, %j is caught', (path, text) => {
    expect(deadPathFindings(at(path, text), pathsOf(['src/wire/a.ts', 'docs/b.md']))).toHaveLength(1);
  });

  test.each([
    ['README.md', 'see `src/wire/a.ts`, src/wire/ and src.'],
    ['docs/b.md', '[text](b.md) and [top](../README.md) and [web](https://a.example/docs/x.md) and [here](#part)'],
    ['README.md', 'node dist/wire/a.js'],
    ['README.md', 'https://a.example/src/gone.ts'],
    ['README.md', 'all of `src/wire/*.ts` and `src/**`'],
  ])('in %s, %j is fine', (path, text) => {
    expect(deadPathFindings(at(path, text), pathsOf(['src/wire/a.ts', 'docs/b.md', 'README.md']))).toEqual([]);
  });

  test('every npm command that a page names exists', () => {
    expect(findingsOf(pages, (page) => deadCommandFindings(page, scripts))).toEqual([]);
    const page = at('README.md', '`npm ci && npm run demo`\nnpm run --silent gone:x -- --flag');
    expect(deadCommandFindings(page, ['demo'])).toEqual([
      'README.md:2: names "npm run gone:x", which package.json does not have',
    ]);
  });

  test('every error code is explained, with its exit status, and none that does not exist', () => {
    expect(errorPageFindings(at('docs/errors.md', textOf('docs/errors.md')), errorTable)).toEqual([]);
    const page = at('docs/errors.md', '| `a-code` | 3 | x |\n| `b-code` | 4 | y |\n| `old` | 5 | z |\n');
    const table = { 'a-code': { exitStatus: 3 }, 'b-code': { exitStatus: 1 }, 'c-code': { exitStatus: 2 } };
    expect(errorPageFindings(page, table)).toEqual([
      'docs/errors.md: b-code has the exit status 4, in the code 1',
      'docs/errors.md: c-code is not explained',
      'docs/errors.md: explains old, which is no code',
    ]);
  });

  test('every dependency has a record that says why', () => {
    const records = pages.filter((page) => page.path.startsWith('docs/adr/'));
    const names = Object.keys({ ...packageJson.dependencies, ...packageJson.devDependencies });
    expect(unrecordedDependencyFindings(names, records)).toEqual([]);
    expect(unrecordedDependencyFindings(['a', 'b'], [at('docs/adr/0001-a.md', 'We take `a`, not b.')])).toEqual([
      'package.json: b has no record in docs/adr/ that says why',
    ]);
  });
});
