import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repoRoot } from './tidy/repo-files.js';

/**
 * The package as npm makes it, for tests of what ships. Nothing here goes to the network: dependencies come from this
 * checkout's own `node_modules`.
 */
const execute = promisify(execFile);

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  bundleDependencies?: readonly string[];
}

/** Runs npm, offline. Under `npm test` the very npm that runs us, else the one on the path. */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const own = process.env['npm_execpath'];
  const all = [...args, '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = { cwd, maxBuffer: 16 * 1024 * 1024 };
  const isScript = own !== undefined && /npm-cli\.[cm]?js$/.test(own);
  const run = isScript ? execute(process.execPath, [own, ...all], options) : execute('npm', all, options);
  return (await run).stdout;
}

export interface PackedPackage {
  readonly tarball: string;
  /** What is in it, in npm's order. */
  readonly paths: readonly string[];
}

/** `npm pack` of the package in `folder` into `destination`. */
export async function pack(folder: string, destination: string): Promise<PackedPackage> {
  const [packed] = JSON.parse(await npm(['pack', '--json', '--pack-destination', destination], folder)) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  return { tarball: join(destination, packed.filename), paths: packed.files.map((file) => file.path) };
}

/** Unpacks `tarball` to `folder`, which must not exist yet. */
export async function unpack(tarball: string, folder: string): Promise<void> {
  const around = `${folder}-unpacking`;
  await mkdir(around, { recursive: true });
  await execute('tar', ['-xzf', tarball, '-C', around]);
  await rename(join(around, 'package'), folder);
}

/** Copies what the package in `folder` depends on into its own `node_modules`, and says so in its package.json. */
export async function bundleDependencies(folder: string): Promise<void> {
  const manifestPath = join(folder, 'package.json');
  const manifest = JSON.parse(await readFile(manifestPath, 'utf8')) as PackageJson;
  const direct = Object.keys(manifest.dependencies ?? {});
  const names = new Set<string>();
  const collect = async (name: string): Promise<void> => {
    if (names.has(name)) return;
    names.add(name);
    const own = join(repoRoot, 'node_modules', name);
    const inner = JSON.parse(await readFile(join(own, 'package.json'), 'utf8')) as PackageJson;
    for (const next of Object.keys(inner.dependencies ?? {})) await collect(next);
    const copy = join(folder, 'node_modules', name);
    await mkdir(dirname(copy), { recursive: true });
    await cp(own, copy, { recursive: true });
  };
  for (const name of direct) await collect(name);
  manifest.bundleDependencies = direct;
  await writeFile(manifestPath, JSON.stringify(manifest, undefined, 2));
}
