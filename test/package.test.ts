import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleDependencies, npm, pack, unpack, type PackedPackage } from './support/npm-package.js';
import { seededBytes } from './support/download-lab.js';
import { ServingProcess } from './support/serving-process.js';
import { repoPaths, repoRoot } from './support/tidy/repo-files.js';

const execute = promisify(execFile);
const { version } = JSON.parse(await readFile(join(repoRoot, 'package.json'), 'utf8')) as { readonly version: string };

let folder: string;
let packed: PackedPackage;
let unpacked: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manyget-package-'));
  packed = await pack(repoRoot, folder);
  unpacked = join(folder, 'unpacked');
  await unpack(packed.tarball, unpacked);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the package', () => {
  test('holds every program, the types of the library, the pages for users, and nothing else', () => {
    const modules = repoPaths('src').filter((path) => !path.startsWith('src/cli/'));
    const command = packed.paths.filter((path) => /^dist\/bin\/(?:[\w-]+\.js|package\.json|licenses\.txt)$/.test(path));
    expect(command).toEqual(
      expect.arrayContaining(['manyget.js', 'package.json', 'licenses.txt'].map((name) => `dist/bin/${name}`)),
    );
    // Wherever a thread is started, the command finds a file for it beside its own.
    const starts = repoPaths('src').flatMap((path) =>
      [...readFileSync(join(repoRoot, path), 'utf8').matchAll(/threadFile\('(.*?)'\)/g)].map(([, entry = '']) => entry),
    );
    expect(starts.length).toBeGreaterThan(3);
    expect(command).toEqual(expect.arrayContaining(starts.map((entry) => `dist/bin/${entry.replaceAll('/', '-')}`)));
    const programs = modules.map((path) => path.replace(/^src\/(.*)\.ts$/, 'dist/$1.js'));
    const shown = programs.filter((path) => /^dist\/(?:index|app\/.*|base\/.*)\.js$/.test(path));
    const types = shown.map((path) => path.replace(/\.js$/, '.d.ts'));
    const pages = ['CHANGELOG.md', 'LICENSE', 'README.md', 'man/manyget.1', 'package.json'];
    const docs = [
      'daemon',
      'errors',
      'http-server',
      'json-output',
      'manifests',
      'protocol',
      'resume-format',
      'rpc',
    ].map((name) => `docs/${name}.md`);
    const page = packed.paths.filter((path) =>
      /^dist\/web\/(?:index\.html|icon\.svg|assets\/index-[\w-]+\.(?:js|css))$/.test(path),
    );
    expect(page).toHaveLength(4);
    expect([...packed.paths].sort()).toEqual([...programs, ...command, ...types, ...pages, ...docs, ...page].sort());
  });

  test('needs no package that it does not name as a dependency', async () => {
    const { dependencies } = JSON.parse(await readFile(join(unpacked, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const needed = new Set<string>();
    for (const path of packed.paths.filter((each) => /^dist\/(?!web\/).*\.js$/.test(each))) {
      const code = await readFile(join(unpacked, path), 'utf8');
      for (const [, name = ''] of code.matchAll(
        /^(?:import .*|.* from |.*\brequire\()["']((?:@[\w-]+\/)?[\w-]+)[^"':]*["']/gm,
      )) {
        if (!isBuiltin(name)) needed.add(name);
      }
    }
    expect(needed.size).toBeGreaterThan(5);
    expect([...needed].filter((name) => dependencies[name] === undefined)).toEqual([]);
  });

  test('is put together as publint wants it', async () => {
    const manifest = JSON.parse(await readFile(join(unpacked, 'package.json'), 'utf8')) as Record<string, unknown>;
    const { messages } = await publint({ pkgDir: unpacked, pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, manifest, { color: false }))).toEqual([]);
  });

  test('is refused by publint where an entry is missing', async () => {
    const broken = join(folder, 'broken');
    await unpack(packed.tarball, broken);
    await rm(join(broken, 'dist', 'index.js'));
    const { messages } = await publint({ pkgDir: broken, pack: false, strict: true });
    expect(messages.map((message) => message.code)).toContain('FILE_DOES_NOT_EXIST');
  });

  test('installed for all of a machine gives a working manyget', async () => {
    const bundled = join(folder, 'bundled');
    await unpack(packed.tarball, bundled);
    await bundleDependencies(bundled);
    const out = join(folder, 'out');
    await mkdir(out);
    const { tarball } = await pack(bundled, out);
    const prefix = join(folder, 'prefix');
    await npm(['install', '--global', '--prefix', prefix, tarball], folder);
    const command = process.platform === 'win32' ? join(prefix, 'manyget.cmd') : join(prefix, 'bin', 'manyget');
    const { stdout } = await execute(command, ['--version'], { cwd: folder });
    expect(stdout).toContain(version);
    // Threads and hashes too: what the bundle must find among the modules that are not bundled.
    const content = seededBytes(24 << 20, 26);
    await writeFile(join(folder, 'film.bin'), content);
    const installed = await realpath(command);
    await using serving = await ServingProcess.start(join(folder, 'film.bin'), ['-n', '2'], folder, installed);
    const sources = [serving.url('film.bin', 1), serving.url('film.bin', 2)];
    await execute(command, ['get', ...sources, '-o', 'copy.bin', '--quiet'], { cwd: folder });
    expect(Buffer.compare(await readFile(join(folder, 'copy.bin')), content)).toBe(0);
  });
});

describe('the library', () => {
  /** A project of somebody else, which has the package, and this checkout's Node types, and nothing more. */
  async function project(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const root = join(folder, name);
    await mkdir(join(root, 'node_modules', '@types'), { recursive: true });
    for (const other of ['@types/node', 'undici-types', 'commander', 'valibot']) {
      await symlink(join(repoRoot, 'node_modules', other), join(root, 'node_modules', other), 'dir');
    }
    await unpack(packed.tarball, join(root, 'node_modules', 'manyget'));
    await writeFile(join(root, 'package.json'), '{ "type": "module", "private": true }');
    for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), text);
    return root;
  }

  test('gives download and serve to whoever imports it', async () => {
    const root = await project('importer', {
      'main.js': `import * as manyget from 'manyget'; console.log(JSON.stringify(Object.keys(manyget)));`,
    });
    const { stdout } = await execute(process.execPath, ['main.js'], { cwd: root });
    expect(JSON.parse(stdout)).toEqual(expect.arrayContaining(['ManygetError', 'download', 'serve']));
  });

  test('has types that hold for the example of the README under the strictest settings, with its own looked at too', async () => {
    const compilerOptions = {
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable'],
      module: 'nodenext',
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
    };
    const example = /```ts\n([\s\S]*?)```/.exec(await readFile(join(unpacked, 'README.md'), 'utf8'))?.[1];
    if (example === undefined) throw new Error('README.md has no example in TypeScript');
    const root = await project('typed', {
      'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts'] }),
      'readme.ts': example,
      'main.ts': [
        `import { download, serve, ManygetError, type DownloadReport, type FleetHandle } from 'manyget';`,
        `const fleet: FleetHandle = await serve({ paths: ['video.mp4'], ports: [0, 0] });`,
        `const url: string = 'mgp://127.0.0.1:' + String(fleet.snapshot().servers[0]?.port) + '/video.mp4';`,
        `const handle = download({ sources: [url], output: 'copy.mp4' });`,
        `for await (const event of handle.events()) console.log(event.type satisfies string);`,
        `const report: DownloadReport = await handle.done;`,
        `console.log(report.sha256, new ManygetError('gave-up', 'x').exitStatus);`,
        `// @ts-expect-error sources are needed`,
        `download({});`,
      ].join('\n'),
    });
    const tsc = join(repoRoot, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = await execute(process.execPath, [tsc, '-p', root], { cwd: root }).catch(
      (error: unknown) => error as { stdout: string },
    );
    expect(stdout).toBe('');
  });
});
