// @ts-check
// Bundles the command: dist/cli/main.js and what it reaches become a few files in dist/bin/. Node reads two hundred small modules in a quarter of a second,
// which a download of four seconds feels; the library stays as the compiler wrote it.
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/** What is loaded before the first server is asked, from the command line on, is one file: each further one costs a millisecond. */
const quickEntries = ['cli/main.js', 'cli/get/run-get.js', 'app/download.js', 'app/list.js'];
/** So is what reads a manifest, which a download over HTTP may wait for. */
const manifestEntries = ['wire/metalink.js', 'app/manifest.js'];
/** Entries of worker threads: each is a file of its own, which starts in half the time of the compiler's many. */
const threadEntries = [
  'store/hash-worker.js',
  'server/hash-worker.js',
  'server/server-worker.js',
  'daemon/engine/engine-thread.js',
];

/**
 * Within the bundle, with what they need themselves: the first two are used in part and before anything else, the third is an ES
 * module alone. All other dependencies stay packages of their own, which are found and updated as such.
 */
const bundledPackages = ['commander', 'valibot', '@clack/prompts'];
/** Modules of Node that take time to load and are needed late or never: loaded when something of them is used. */
const lateModules = ['child_process', 'dns', 'dns/promises', 'fs/promises', 'timers/promises', 'tls', 'v8'];
const ofPackage = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;
/** Node loads CommonJS in less time than ES modules: no step of it waits for the event loop. */
const output = /** @type {const} */ ({ format: 'cjs', comments: false });

/** @returns {Promise<void>} */
export async function bundleCommand() {
  rmSync(`${dist}bin`, { recursive: true, force: true });
  /** @type {Map<string, string>} */
  const packages = new Map();
  await bundleMain(packages);
  // What Node starts loads the others as they were compiled in an earlier run.
  await bundleAlone('cli/start.js', 'manyget.js', packages);
  for (const path of threadEntries) await bundleAlone(path, path.replaceAll('/', '-'), packages);
  writeFileSync(`${dist}bin/package.json`, '{ "type": "commonjs" }\n');
  writeFileSync(`${dist}bin/licenses.txt`, [...packages].map(([name, folder]) => licenseOf(name, folder)).join('\n\n'));
  chmodSync(`${dist}bin/manyget.js`, 0o755);
}

/** @param {Map<string, string>} packages Gets the folder of each package that is bundled. */
async function bundleMain(packages) {
  /** @type {ReadonlySet<string>} */
  let quick = new Set();
  /** @type {ReadonlySet<string>} */
  let manifests = new Set();
  const bundle = await rolldown({
    ...optionsOf(packages),
    input: { command: `${dist}cli/main.js` },
    // The other files find what they share with it in it.
    preserveEntrySignatures: 'allow-extension',
    plugins: [
      ...optionsOf(packages).plugins,
      {
        name: 'what-is-loaded-together',
        buildEnd() {
          const importsOf = (/** @type {string} */ id) => this.getModuleInfo(id)?.importedIds ?? [];
          quick = reachedFrom(quickEntries, importsOf);
          manifests = reachedFrom(manifestEntries, importsOf);
        },
      },
    ],
  });
  const groups = [
    { name: 'quick', test: (/** @type {string} */ id) => quick.has(id) },
    { name: 'manifests', test: (/** @type {string} */ id) => manifests.has(id) && !quick.has(id) },
  ];
  const names = { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' };
  await bundle.write({ ...output, ...names, dir: `${dist}bin`, codeSplitting: { groups } });
  await bundle.close();
}

/**
 * @param {string} path
 * @param {string} name
 * @param {Map<string, string>} packages
 */
async function bundleAlone(path, name, packages) {
  const bundle = await rolldown({ ...optionsOf(packages), input: dist + path });
  await bundle.write({ ...output, file: `${dist}bin/${name}`, codeSplitting: false });
  await bundle.close();
}

/** @param {Map<string, string>} packages */
function optionsOf(packages) {
  return {
    platform: /** @type {const} */ ('node'),
    external: (/** @type {string} */ id, /** @type {string | undefined} */ importer) =>
      isBuiltin(id) || (/^[^./]/.test(id) && !bundledPackages.includes(id) && !ofPackage.test(importer ?? '')),
    // Parts of `get` are in the file that asks for them: as meant.
    checks: { ineffectiveDynamicImport: false },
    plugins: [packageFinder(packages), requiresLate],
  };
}

/** @type {import('rolldown').Plugin} */
const requiresLate = { name: 'requires-late', renderChunk: (code) => ({ code: requiredLate(code) }) };

/**
 * @param {Map<string, string>} packages
 * @returns {import('rolldown').Plugin}
 */
function packageFinder(packages) {
  return {
    name: 'package-finder',
    buildEnd() {
      for (const id of this.getModuleIds()) {
        const [, folder, name] = ofPackage.exec(id) ?? [];
        if (folder !== undefined && name !== undefined) packages.set(name, folder);
      }
    },
  };
}

/**
 * @param {readonly string[]} paths Below dist/.
 * @param {(id: string) => readonly string[]} importsOf
 * @returns {ReadonlySet<string>} The modules at `paths`, and all that they import.
 */
function reachedFrom(paths, importsOf) {
  const reached = new Set(paths.map((path) => dist + path));
  for (const id of reached) for (const next of importsOf(id)) reached.add(next);
  return reached;
}

/**
 * @param {string} code A chunk, whose modules of Node are variables of their own, used by property.
 * @returns {string}
 */
function requiredLate(code) {
  const late = [...code.matchAll(/^\s*(?:let|const) (\w+) = require\("node:([\w/]+)"\);$/gm)].filter(([, , id = '']) =>
    lateModules.includes(id),
  );
  if (late.length === 0) return code;
  let text = code;
  for (const [line, variable, id] of late) {
    if (text.includes(`__toESM(${variable}`)) throw new Error(`node:${id} is imported as a whole, expected by name`);
    text = text.replace(line, `\nconst ${variable} = requireLate("node:${id}");`);
  }
  return `${text}function requireLate(id) {
  return new Proxy({}, { get: (_, key) => require(id)[key] });
}
`;
}

/**
 * @param {string} name
 * @param {string} folder
 * @returns {string} What the license of a bundled package asks to be told.
 */
function licenseOf(name, folder) {
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined)
    throw new Error(`${name} ${version} (${license}) has no license file, expected one in ${folder}`);
  return `${name} ${version}\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
}
