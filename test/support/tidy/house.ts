/**
 * The floors of the house, in one place: what each folder below `src/` may import. The picture is in
 * `docs/architecture.md`; this table is what the checks read.
 */
export interface Floor {
  /** Floors whose values and types it may use. */
  readonly uses: readonly string[];
  /** Floors of which it may use the types alone. */
  readonly usesTypesOf: readonly string[];
  /** npm packages that it may use. */
  readonly packages: readonly string[];
  /** Node's own modules: all, hashing alone, or none. Types are always free. */
  readonly node: 'all' | 'hashing' | 'none';
}

export const floors: Readonly<Record<string, Floor>> = {
  base: { uses: [], usesTypesOf: [], packages: [], node: 'none' },
  wire: { uses: ['base'], usesTypesOf: [], packages: ['valibot', 'saxes'], node: 'hashing' },
  core: { uses: ['wire', 'base'], usesTypesOf: [], packages: [], node: 'hashing' },
  store: { uses: ['core', 'wire', 'base'], usesTypesOf: [], packages: ['valibot'], node: 'all' },
  sources: { uses: ['wire', 'base'], usesTypesOf: ['store', 'core'], packages: ['valibot'], node: 'all' },
  server: { uses: ['store', 'wire', 'base'], usesTypesOf: [], packages: ['valibot'], node: 'all' },
  engine: { uses: ['sources', 'store', 'core', 'wire', 'base'], usesTypesOf: [], packages: ['valibot'], node: 'all' },
  app: {
    uses: ['engine', 'server', 'sources', 'store', 'core', 'wire', 'base'],
    usesTypesOf: [],
    packages: ['valibot'],
    node: 'all',
  },
  daemon: {
    uses: ['app', 'base'],
    usesTypesOf: [],
    packages: ['valibot', '@valibot/to-json-schema', 'hono', '@hono/node-server', 'libsql', 'ws'],
    node: 'all',
  },
  cli: {
    uses: ['daemon', 'app', 'base'],
    usesTypesOf: [],
    packages: ['commander', '@clack/prompts', 'valibot'],
    node: 'all',
  },
  /** `src/index.ts`, the library's entry. */
  index: { uses: ['app', 'base'], usesTypesOf: [], packages: [], node: 'none' },
};

/** Floors that see no clock, no randomness, no socket and no file: all of these are handed in. */
export const pureFloors: readonly string[] = ['core', 'wire'];

/** Signatures of Ed25519 are as pure as hashes: the same bytes and key give the same signature. */
const signing = ['KeyObject', 'createPrivateKey', 'createPublicKey', 'sign', 'verify'];

/** What a floor that may only hash takes from which module of Node: functions of the bytes that they are given. */
export const hashingNames: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': ['createHash', 'createHmac', 'hash', 'Hash', 'timingSafeEqual', ...signing],
  'node:zlib': ['crc32'],
};

/** The floor of a path like `src/wire/mgp-frame.ts`. */
export function floorOf(path: string): string {
  const [, first = '', ...inner] = path.split('/');
  return inner.length === 0 ? first.replace(/\.[a-z]+$/, '') : first;
}
