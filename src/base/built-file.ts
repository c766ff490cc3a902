const here = import.meta.url;

/**
 * Where the files of the build lie: the page, `package.json`.
 * The one place that knows: the command is bundled into `dist/bin/`, the library is not, and this module is one folder below `dist/` in both.
 *
 * @param path Below `dist/`: `web`, `../package.json`.
 */
export function builtFile(path: string): URL {
  return new URL(`../${path}`, here);
}

/**
 * The entry of a worker thread. The command has a file for each that needs no other, which starts in half the time.
 *
 * @param path Below `dist/`: `store/hash-worker.js`.
 */
export function threadFile(path: string): URL {
  const isBundled = new URL('.', here).pathname.endsWith('/bin/');
  return builtFile(isBundled ? `bin/${path.replaceAll('/', '-')}` : path);
}
