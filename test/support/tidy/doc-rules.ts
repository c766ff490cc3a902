import type { Finding, RepoFile } from './source-file.js';

const topFolders = ['src', 'test', 'bench', 'docs', 'scripts', 'web', 'examples', 'dist', '\\.ci'];
const repoPath = new RegExp(`(?<![\\w./@:-])(?:\\./)?((?:${topFolders.join('|')})/[\\w./*-]*)`, 'g');
const bundled: ReadonlySet<string> = new Set(['dist/bin/', 'dist/bin/manyget.js', 'dist/bin/command.js']);
const link = /\]\(([^)\s]+)\)/g;

/** Paths that a page names and the repository does not have. `dist/x.js` stands for `src/x.ts`, `dist/bin/` for
 * the bundled command; `*` for any name. */
export function deadPathFindings(page: RepoFile, paths: ReadonlySet<string>): Finding[] {
  return page.text.split('\n').flatMap((line, i) => {
    const named = [...line.matchAll(repoPath)].map((m) => (m[1] ?? '').replace(/[.*-]+$|\/\*+.*$/g, ''));
    const linked = [...line.matchAll(link)].flatMap((m) => linkTarget(page.path, m[1] ?? ''));
    const dead = [...named, ...linked].filter((path) => !exists(path, paths));
    return [...new Set(dead)].map((path) => `${page.path}:${i + 1}: names ${path}, which does not exist`);
  });
}

function linkTarget(pagePath: string, target: string): string[] {
  if (/^[a-z+]+:|^#/.test(target)) return [];
  const url = new URL(target, `file:///${pagePath}`);
  return [url.pathname.slice(1)];
}

function exists(path: string, paths: ReadonlySet<string>): boolean {
  if (bundled.has(path)) return true;
  const source = path.startsWith('dist/') ? `src/${path.slice(5).replace(/(?:\.d\.ts|\.js)$/, '.ts')}` : path;
  const bare = source.replace(/\/+$/, '');
  return bare === '' || bare === 'dist' || bare === 'src' || paths.has(bare);
}

/** Every file and every folder on the way to one. */
export function pathsOf(files: readonly string[]): Set<string> {
  const paths = new Set<string>();
  for (const file of files) {
    const parts = file.split('/');
    for (let n = 1; n <= parts.length; n += 1) paths.add(parts.slice(0, n).join('/'));
  }
  return paths;
}

/** Commands `npm run x` that a page names and package.json does not have. */
export function deadCommandFindings(page: RepoFile, scripts: readonly string[]): Finding[] {
  return page.text.split('\n').flatMap((line, i) =>
    [...line.matchAll(/\bnpm run (?:--?[\w-]+ )*([\w:-]+)/g)]
      .map((m) => m[1] ?? '')
      .filter((name) => !scripts.includes(name))
      .map((name) => `${page.path}:${i + 1}: names "npm run ${name}", which package.json does not have`),
  );
}

/** Dependencies that no decision record mentions. */
export function unrecordedDependencyFindings(dependencies: readonly string[], records: readonly RepoFile[]): Finding[] {
  return dependencies
    .filter((name) => !records.some((record) => record.text.includes(`\`${name}\``)))
    .map((name) => `package.json: ${name} has no record in docs/adr/ that says why`);
}

/** Differences between the table of errors and the rows "| `code` | exit status |" of the page that explains them. */
export function errorPageFindings(page: RepoFile, table: Readonly<Record<string, { exitStatus: number }>>): Finding[] {
  const rows = [...page.text.matchAll(/^\| *`([a-z-]+)` *\| *(\d+) *\|/gm)];
  const stated = new Map(rows.map((row) => [row[1] ?? '', Number(row[2])]));
  const missing = Object.entries(table).flatMap(([code, { exitStatus }]) => {
    const onPage = stated.get(code);
    if (onPage === exitStatus) return [];
    const what = onPage === undefined ? 'is not explained' : `has the exit status ${onPage}, in the code ${exitStatus}`;
    return [`${page.path}: ${code} ${what}`];
  });
  const gone = [...stated.keys()].filter((code) => !Object.hasOwn(table, code));
  return [...missing, ...gone.map((code) => `${page.path}: explains ${code}, which is no code`)];
}
