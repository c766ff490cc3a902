import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire, Module } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/**
 * One file of CommonJS as V8 compiled it when it was built, or in an earlier run: compiling the command took a third of what it needs on top of Node until the first
 * byte is on the disk. Only ever an optimisation: code that is missing, damaged, of another text, of another V8 or of another user is as if
 * it were not there.
 *
 * Node's own `module.enableCompileCache()` is not in Node 20, and keeps nothing once a flag of V8 was changed.
 *
 * Format: the code, and its CRC-32 in four bytes. V8 itself compares its version, its flags, and the length of the text.
 */
const crcBytes = 4;
/** One for each version of this program and of Node, and for each set of flags that Node is started with. */
const filesMax = 4;
const noFollow = (constants as Partial<typeof constants>).O_NOFOLLOW ?? 0;

export class KeptCode {
  readonly #path: string;
  readonly #folder: string | undefined;
  readonly #builtFolder: string;
  #keptPath: string | undefined;

  /**
   * @param path Of the file, absolute.
   * @param folder Where code is kept; undefined: nowhere.
   */
  constructor(path: string, folder: string | undefined) {
    this.#path = path;
    this.#folder = folder;
    this.#builtFolder = join(dirname(path), 'code');
  }

  /** Makes the code of the file at `path` beside it, for this Node. @throws Error It cannot be written. */
  static build(path: string): void {
    const text = readFileSync(path);
    const folder = join(dirname(path), 'code');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, nameOf(text)), checkedCodeOf(text, path), { mode: 0o644 });
  }

  /** `load` found no code, and `keep` can make it, if no flag of V8 has changed until then. */
  get isWanted(): boolean {
    return this.#keptPath !== undefined;
  }

  /** What the file exports, as `require` gives it. */
  load(): unknown {
    const requireBeside = createRequire(this.#path);
    if (this.#folder === undefined) return requireBeside(this.#path);
    const text = readFileSync(this.#path);
    const name = nameOf(text);
    const keptPath = join(this.#folder, name);
    const owner = statSync(this.#path).uid;
    const script =
      this.#compiled(text, readCode(join(this.#builtFolder, name), owner)) ??
      this.#compiled(text, readCode(keptPath, process.geteuid?.()));
    if (script === undefined) {
      if (isOurs(this.#folder)) this.#keptPath = keptPath;
      return requireBeside(this.#path);
    }
    const module = new Module(this.#path);
    module.filename = this.#path;
    // Whoever requires it later, as its own parts do, gets this one.
    requireBeside.cache[this.#path] = module;
    const run = script.runInThisContext() as (...values: unknown[]) => void;
    run.call(module.exports, module.exports, requireBeside, module, this.#path, dirname(this.#path));
    module.loaded = true;
    return module.exports;
  }

  /** Undefined where V8 does not take the code. */
  #compiled(text: Buffer, cachedData: Buffer | undefined): Script | undefined {
    if (cachedData === undefined) return undefined;
    const script = new Script(wrap(text), { filename: this.#path, cachedData });
    return script.cachedDataRejected === true ? undefined : script;
  }

  /** Compiles all of the file, which takes some 50 ms, and keeps the code for later runs. */
  keep(): void {
    const path = this.#keptPath;
    if (path === undefined) return;
    const temporary = `${path}.${process.pid}-${Date.now()}.tmp`;
    try {
      const text = readFileSync(this.#path);
      if (nameOf(text) !== basename(path)) return; // It was replaced while it ran.
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(temporary, checkedCodeOf(text, this.#path), { mode: 0o600, flag: 'wx' });
      renameSync(temporary, path);
      prune(dirname(path));
    } catch {
      // A full disk, a file that is gone: the next run compiles as this one did.
      rmSync(temporary, { force: true });
    }
  }
}

/** V8 takes code only of its own version, with the same flags; nobody but us sees to it that it is the same text. */
function nameOf(text: Buffer): string {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  return `${process.version}-${process.arch}-${crc32(flags, crc32(text)).toString(16)}`;
}

/** As Node itself does it for a module of its own. */
function wrap(text: Buffer): string {
  return Module.wrap(text.toString());
}

/** Code is run: only what its owner wrote, who is this user or whoever built the file, and nobody else can have written. */
function readCode(path: string, owner: number | undefined): Buffer | undefined {
  let bytes: Buffer;
  try {
    const fd = openSync(path, constants.O_RDONLY | noFollow);
    try {
      const { uid, mode } = fstatSync(fd);
      const isOthers = process.geteuid !== undefined && (uid !== owner || (mode & 0o022) !== 0);
      if (isOthers) return undefined;
      bytes = readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined; // Not there, or not to be read: the text is compiled again.
  }
  const code = bytes.subarray(0, -crcBytes);
  return code.length > 0 && crc32(code) === bytes.readUInt32LE(code.length) ? code : undefined;
}

/** The code, and its CRC-32. */
function checkedCodeOf(text: Buffer, path: string): Buffer {
  const code = codeOf(text, path);
  const crc = Buffer.alloc(crcBytes);
  crc.writeUInt32LE(crc32(code));
  return Buffer.concat([code, crc]);
}

/** All functions, not only those that ran: one run's would be missing in the next. */
function codeOf(text: Buffer, path: string): Buffer {
  let script: Script;
  setFlagsFromString('--no-lazy');
  try {
    script = new Script(wrap(text), { filename: path });
  } finally {
    setFlagsFromString('--lazy');
  }
  return script.createCachedData();
}

/** Whether what is made there is this user's, as it is not where root keeps another user's HOME, and may be made. */
function isOurs(folder: string): boolean {
  try {
    const { uid } = statSync(folder);
    accessSync(folder, constants.W_OK);
    return uid === (process.geteuid?.() ?? uid);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isMissing && dirname(folder) !== folder && isOurs(dirname(folder));
  }
}

/** Removes what earlier versions, and runs that were killed, left. */
function prune(folder: string): void {
  const files = readdirSync(folder).map((name) => join(folder, name));
  const dated = files.map((path) => ({ path, atMs: statSync(path).mtimeMs })).sort((a, b) => b.atMs - a.atMs);
  for (const { path } of dated.slice(filesMax)) rmSync(path, { force: true });
}
