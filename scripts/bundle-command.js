// @ts-check
// Bundles the command: dist/cli/main.js and what it reaches become a few files in dist/bin/. Node reads two hundred small modules in a quarter of a second,
// which a download of four seconds feels; the library and the threads' entries stay as the compiler wrote them.
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/** What is loaded before the first server is asked, from the command line on, is one file: each further one costs a millisecond. */
const quickEntries = ['cli/main.js', 'cli/get/run-get.js', 'app/download.js', 'app/list.js'].map((path) => dist + path);

/**
 * Within the bundle, with what they need themselves: the first two are used in part and before anything else, the third is an ES
 * module alone. All other dependencies stay packages of their own, which are found and updated as such.
 */
const bundledPackages = ['commander', 'valibot', '@clack/prompts'];
/** Modules of Node that take time to load and are needed late or never: loaded when something of them is used. */
const lateModules = ['child_process', 'dns', 'dns/promises', 'fs/promises', 'timers/promises', 'tls', 'v8'];
const ofPackage = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/** @type {import('rolldown').Plugin} */
const requiresLate = { name: 'requires-late', renderChunk: (code) => ({ code: requiredLate(code) }) };

/**
 * @returns {Promise<void>}
 */
export async function bundleCommand() {
  rmSync(`${dist}bin`, { recursive: true, force: true });
  /** @type {Set<string>} */
  const quick = new Set();
  /** @type {Map<string, string>} */
  const packages = new Map();
  const bundle = await rolldown({
    input: { command: `${dist}cli/main.js` },
    platform: 'node',
    // The other files find what they share with it in it.
    preserveEntrySignatures: 'allow-extension',
    external: (id, importer) =>
      isBuiltin(id) || (/^[^./]/.test(id) && !bundledPackages.includes(id) && !ofPackage.test(importer ?? '')),
    // Parts of `get` are in the file that asks for them: as meant.
    checks: { ineffectiveDynamicImport: false },
    plugins: [
      {
        name: 'what-starts',
        buildEnd() {
          for (const id of quickEntries) quick.add(id);
          for (const id of quick) for (const next of this.getModuleInfo(id)?.importedIds ?? []) quick.add(next);
          for (const id of this.getModuleIds()) {
            const [, folder, name] = ofPackage.exec(id) ?? [];
            if (folder !== undefined && name !== undefined) packages.set(name, folder);
          }
        },
      },
      requiresLate,
    ],
  });
  await bundle.write({
    dir: `${dist}bin`,
    // Node loads CommonJS in less time than ES modules: no step of it waits for the event loop.
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    comments: false,
    codeSplitting: { groups: [{ name: 'quick', test: (id) => quick.has(id) }] },
  });
  await bundle.close();
  await bundleStart();
  writeFileSync(`${dist}bin/package.json`, '{ "type": "commonjs" }\n');
  writeFileSync(`${dist}bin/licenses.txt`, [...packages].map(([name, folder]) => licenseOf(name, folder)).join('\n\n'));
  chmodSync(`${dist}bin/manyget.js`, 0o755);
}

/** What Node starts is a file of its own: it loads the others as they were compiled in an earlier run. */
async function bundleStart() {
  const bundle = await rolldown({ input: `${dist}cli/start.js`, platform: 'node', plugins: [requiresLate] });
  await bundle.write({ file: `${dist}bin/manyget.js`, format: 'cjs', comments: false });
  await bundle.close();
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
