const here = import.meta.url;

/**
 * Where the files of the build lie: the entries of worker threads, the page, `package.json`.
 * The one place that knows: the command is bundled into `dist/bin/`, the library is not, and this module is one folder below `dist/` in both.
 *
 * @param path Below `dist/`: `store/hash-worker.js`, `web`, `../package.json`.
 */
export function builtFile(path: string): URL {
  return new URL(`../${path}`, here);
}
