import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RepoFile } from './source-file.js';

export const repoRoot = fileURLToPath(new URL('../../../', import.meta.url));

const ignoredNames: ReadonlySet<string> = new Set(['node_modules', 'dist', 'coverage', '.git', 'tmp', 'results']);

/** Paths of the repository's own files, relative and with `/`: what is installed, built or measured is left out. */
export function repoPaths(folder = ''): string[] {
  return readdirSync(join(repoRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    if (ignoredNames.has(entry.name) || entry.name.endsWith('.tgz')) return [];
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return repoPaths(path);
    return entry.isFile() ? [path] : [];
  });
}

/** The text files among `paths`. */
export function readRepoFiles(paths: readonly string[]): RepoFile[] {
  return paths
    .map((path) => ({ path, text: readFileSync(join(repoRoot, path), 'utf8') }))
    .filter((file) => !file.text.includes('\0'));
}
