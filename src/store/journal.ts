import type { ManygetError } from '../base/errors.js';
import { withoutLogin } from '../base/source-address.js';
import { JournalDecoder } from '../wire/journal-decoder.js';
import { JournalEncoder, journalNameBytesMax, type JournalHeader, type JournalRecord } from '../wire/journal-record.js';
import { diskError, quoted } from './disk-error.js';
import { codeOf, folderOf, openFlags, unlinkIfThere, type Disk } from './disk.js';
import { JournalState, type JournalReplay } from './journal-state.js';
import { cutToBytes } from './output-path.js';
import type { PartFile } from './part-file.js';
import { UnsyncedRanges } from './unsynced-ranges.js';

export type { JournalExtent, JournalReplay, JournalSegment } from './journal-state.js';
export type { JournalPiece } from './piece-table.js';

/** A journal below this is never rewritten. */
const compactBytesMin = 4 * 1024 * 1024;
const readStepBytes = 256 * 1024;

type JournalOpening =
  | { readonly journal: Journal; readonly replay: JournalReplay; readonly damaged?: never }
  /** There is no usable header: nothing that the part file holds can be proved. */
  | { readonly damaged: string; readonly journal?: never; readonly replay?: never };

/**
 * Owns `OUT.part.journal`: appends records, makes them durable, keeps the file small. Never touches the part file and
 * never believes a record: what is replayed is checked against the bytes by resume-check.ts.
 *
 * Invariant: the first `bytes` bytes of the file are whole records. What is behind them (a write that failed half way)
 * is cut before anything is written there.
 */
export class Journal {
  readonly path: string;
  readonly #disk: Disk;
  readonly #state: JournalState;
  #encoder: JournalEncoder;
  #fd: number;
  #bytes: number;
  #torn = false;
  #closed = false;
  #nameSynced = false;
  #compactAtBytes: number;
  #compactionFault: ManygetError | undefined;
  readonly #unsynced = new UnsyncedRanges();
  /** While the state is being rewritten: takes every record a second time, to go behind the rewritten ones. */
  #rewrite: JournalEncoder | undefined;
  /** Syncs and rewrites, one after the other: both need the descriptor to stay what it is. */
  #work: Promise<unknown> = Promise.resolve();
  #working = 0;

  private constructor(
    disk: Disk,
    path: string,
    state: JournalState,
    file: { readonly fd: number; readonly bytes: number; readonly encoder: JournalEncoder },
  ) {
    this.#disk = disk;
    this.path = path;
    this.#state = state;
    this.#fd = file.fd;
    this.#bytes = file.bytes;
    this.#encoder = file.encoder;
    this.#compactAtBytes = Math.max(compactBytesMin, file.bytes * 2);
  }

  /**
   * A new journal, in place of any that was there; its header is written.
   * @throws ManygetError `disk-full` or `io-failed`.
   */
  static create(disk: Disk, path: string, header: Omit<JournalHeader, 'type'>): Journal {
    const encoder = new JournalEncoder();
    // What a source calls the file may be of any length, and is there for people.
    const name = cutToBytes(header.name, journalNameBytesMax);
    const state = new JournalState({ type: 'header', ...header, name });
    encoder.push(state.header);
    const fd = onDisk(`create ${quoted(path)}`, () => disk.open(path, openFlags.createEmpty));
    const journal = new Journal(disk, path, state, { fd, bytes: 0, encoder });
    try {
      journal.flush();
    } catch (error) {
      journal.close();
      throw error;
    }
    return journal;
  }

  /**
   * Opens a journal to go on with it: replayed to its first damaged record, and cut there.
   * @throws ManygetError `journal-version`; `io-failed` where the disk fails.
   */
  static open(disk: Disk, path: string): JournalOpening {
    const fd = openExisting(disk, path, openFlags.update);
    if (fd === undefined) return isMissing;
    try {
      const read = readFrom(disk, fd, path);
      if ('damaged' in read) {
        disk.close(fd);
        return read;
      }
      const { state, decoder, sizeBytes } = read;
      const { bytes, chain } = decoder.position;
      if (sizeBytes !== bytes) onDisk(`cut ${quoted(path)} at byte ${bytes}`, () => disk.truncate(fd, bytes));
      const journal = new Journal(disk, path, state, { fd, bytes, encoder: new JournalEncoder({ bytes, chain }) });
      return { journal, replay: state.replay(sizeBytes === bytes ? undefined : bytes) };
    } catch (error) {
      disk.close(fd);
      throw error;
    }
  }

  /** Bytes of the journal that are written: whole records. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of records that wait for a flush. */
  get pendingBytes(): number {
    return this.#encoder.pendingBytes;
  }

  /** Why the last rewrite was given up, where it was; the journal goes on as it is, only longer. */
  get compactionFault(): ManygetError | undefined {
    return this.#compactionFault;
  }

  /** Takes a record; nothing is written before the next flush. Throws for what cannot be true of this file. */
  append(record: Exclude<JournalRecord, JournalHeader>): void {
    if (this.#closed) throw new Error('a record was appended to a closed journal');
    const plain = record.type === 'source' ? { ...record, url: withoutLogin(record.url) } : record;
    if (!this.#state.apply(plain)) throw new RangeError(`not a possible journal record: ${JSON.stringify(plain)}`);
    this.#encoder.push(plain);
    this.#rewrite?.push(plain);
    this.#noteUnsynced(plain);
  }

  /** The index under which this journal knows `url`, a new one with its record where it is new. */
  sourceIndex(url: string): number {
    const plain = withoutLogin(url);
    let free = 0;
    for (const [index, known] of this.#state.sources) {
      if (known === plain) return index;
      free = Math.max(free, index + 1);
    }
    this.append({ type: 'source', index: free, url: plain });
    return free;
  }

  /**
   * Writes what was appended, in one write. After a fault the records are kept, and the next flush cuts what the
   * failed one left and writes all of them again.
   * @throws ManygetError `disk-full` or `io-failed`.
   */
  flush(): void {
    if (this.#closed) throw new Error('a closed journal was flushed');
    const pending = this.#encoder.pending();
    if (pending.length === 0) return;
    const at = `at byte ${this.#bytes} of ${quoted(this.path)}`;
    if (this.#torn) onDisk(`cut a torn record ${at}`, () => this.#disk.truncate(this.#fd, this.#bytes));
    this.#torn = true;
    onDisk(`write ${pending.length} bytes ${at}`, () => writeAll(this.#disk, this.#fd, pending, this.#bytes));
    this.#torn = false;
    this.#bytes += pending.length;
    this.#encoder.taken();
  }

  /**
   * Flushes, and resolves once all of it survives a power loss. Rewrites the journal in its shortest form when it has
   * grown past its bound: call it every few seconds. Rejects with `disk-full` or `io-failed`.
   * @param part Synced first, so that the records come down behind the bytes that they speak of; only what is known to be
   *   synced is told in fewer records by a rewrite. Where that fails, the system may have dropped those bytes and still
   *   show them to who reads them, so that no check would find out: everything claimed since the last sync is forgotten,
   *   on the disk too, before this rejects.
   */
  sync(part?: PartFile): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closed) throw new Error('a closed journal was synced');
      if (part !== undefined) await this.#syncPart(part);
      this.flush();
      try {
        await this.#disk.dataSync(this.#fd);
        if (!this.#nameSynced) await this.#disk.syncFolder(folderOf(this.path));
        this.#nameSynced = true;
      } catch (error) {
        throw diskError(error, `sync ${quoted(this.path)}`);
      }
      if (this.#bytes >= this.#compactAtBytes && !this.#isClosed()) await this.#compactOrCarryOn();
    });
  }

  /** Rewrites the journal now. Rejects where that failed; the journal is then as it was. */
  compact(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closed) throw new Error('a closed journal was compacted');
      this.flush();
      try {
        await this.#compact();
      } catch (error) {
        throw diskError(error, `rewrite ${quoted(this.path)}`);
      }
    });
  }

  /** Gives the descriptor back, once what is under way has ended. What was not flushed is lost. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#working === 0) this.#disk.close(this.#fd);
  }

  /** Closes, and takes the journal off the disk. Throws `io-failed`. */
  remove(): void {
    this.close();
    onDisk(`remove ${quoted(this.path)}`, () => {
      unlinkIfThere(this.#disk, this.path);
      unlinkIfThere(this.#disk, rewritePath(this.path));
    });
  }

  async #syncPart(part: PartFile): Promise<void> {
    const claimed = this.#unsynced.take();
    const mark = this.#state.mark();
    try {
      await part.sync();
      this.#state.settle(mark);
    } catch (error) {
      if (this.#isClosed()) throw error;
      for (const range of [...claimed, ...this.#unsynced.take()]) this.append({ type: 'forget', ...range });
      this.flush();
      throw error;
    }
  }

  #noteUnsynced(record: JournalRecord): void {
    if (record.type === 'extent') {
      this.#unsynced.add(record.start, record.end);
    } else if (record.type === 'piece') {
      const { pieceBytes, sizeBytes } = this.#state.header;
      const start = record.index * pieceBytes;
      this.#unsynced.add(start, Math.min(start + pieceBytes, sizeBytes));
    }
  }

  async #compactOrCarryOn(): Promise<void> {
    try {
      await this.#compact();
      this.#compactionFault = undefined;
    } catch (error) {
      // The journal is whole without it: told, and tried again when it is twice as long.
      this.#compactionFault = diskError(error, `rewrite ${quoted(this.path)}`);
      this.#compactAtBytes = this.#bytes * 2;
    }
  }

  /** State into a second file, synced, then in one step in place of the first. */
  async #compact(): Promise<void> {
    const temporaryPath = rewritePath(this.path);
    const rewrite = new JournalEncoder();
    this.#state.encodeTo(rewrite);
    const snapshot = rewrite.pending().slice();
    rewrite.taken();
    this.#rewrite = rewrite;
    let fd: number | undefined;
    try {
      fd = this.#disk.open(temporaryPath, openFlags.createEmpty);
      await writeAllSoon(this.#disk, fd, snapshot);
      await this.#disk.sync(fd);
      if (this.#isClosed()) throw new Error(`${this.path} was closed`);
      const since = rewrite.pending();
      writeAll(this.#disk, fd, since, snapshot.length);
      this.#disk.rename(temporaryPath, this.path);
      this.#adopt(fd, rewrite, snapshot.length + since.length);
      fd = undefined;
    } catch (error) {
      if (fd !== undefined) this.#disk.close(fd);
      unlinkIfThere(this.#disk, temporaryPath);
      throw error;
    } finally {
      this.#rewrite = undefined;
    }
    await this.#disk.syncFolder(folderOf(this.path));
  }

  #adopt(fd: number, encoder: JournalEncoder, bytes: number): void {
    const old = this.#fd;
    this.#fd = fd;
    this.#encoder = encoder;
    encoder.taken();
    this.#bytes = bytes;
    this.#torn = false;
    this.#compactAtBytes = Math.max(compactBytesMin, bytes * 3);
    this.#disk.close(old);
  }

  /** `#closed`, read again after an await. */
  #isClosed(): boolean {
    return this.#closed;
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    this.#working += 1;
    const turn = this.#work.then(run).finally(() => {
      this.#working -= 1;
      if (this.#closed && this.#working === 0) this.#disk.close(this.#fd);
    });
    this.#work = turn.catch(() => undefined); // Each caller hears of its own; the next turn comes all the same.
    return turn;
  }
}

/**
 * What the journal at `path` says, without changing it.
 * @throws ManygetError `journal-version`; `io-failed` where the disk fails.
 */
export function readJournal(disk: Disk, path: string): JournalReplay | { readonly damaged: string } {
  const fd = openExisting(disk, path, openFlags.read);
  if (fd === undefined) return isMissing;
  try {
    const read = readFrom(disk, fd, path);
    if ('damaged' in read) return read;
    const { bytes } = read.decoder.position;
    return read.state.replay(read.sizeBytes === bytes ? undefined : bytes);
  } finally {
    disk.close(fd);
  }
}

const isMissing = { damaged: 'it does not exist' } as const;

/** Undefined where there is no such file. */
function openExisting(disk: Disk, path: string, flags: number): number | undefined {
  try {
    return disk.open(path, flags);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw diskError(error, `open ${quoted(path)}`);
  }
}

interface ReadJournal {
  readonly state: JournalState;
  readonly decoder: JournalDecoder;
  readonly sizeBytes: number;
}

function readFrom(disk: Disk, fd: number, path: string): ReadJournal | { readonly damaged: string } {
  const what = `read ${quoted(path)}`;
  const facts = onDisk(what, () => disk.stat(fd));
  if (facts.kind !== 'file') return { damaged: 'it is not a regular file' };
  const decoder = new JournalDecoder(quoted(path));
  const step = new Uint8Array(readStepBytes);
  let state: JournalState | undefined;
  for (let offset = 0; !decoder.damaged;) {
    const got = onDisk(what, () => disk.read(fd, step, 0, step.length, offset));
    if (got === 0) break;
    offset += got;
    decoder.push(step.subarray(0, got));
    for (let record = decoder.next(); record !== undefined; record = decoder.next()) {
      if (state === undefined) {
        if (record.type !== 'header') return { damaged: `it begins with a record of type ${record.type}` };
        state = new JournalState(record);
      } else if (!state.apply(record)) {
        decoder.refuse();
      }
    }
  }
  if (state !== undefined) return { state, decoder, sizeBytes: facts.sizeBytes };
  return {
    damaged: decoder.damaged ? 'its header is damaged' : `it ends within its header, at byte ${facts.sizeBytes}`,
  };
}

/** Where a rewrite is made. One that a crash left there is overwritten by the next, and removed with the journal. */
function rewritePath(path: string): string {
  return `${path}.new`;
}

function writeAll(disk: Disk, fd: number, bytes: Uint8Array, offset: number): void {
  for (let at = 0; at < bytes.length;) {
    const written = disk.write(fd, bytes, at, bytes.length - at, offset + at);
    if (written <= 0) throw new Error('the disk took 0 bytes and gave no reason');
    at += written;
  }
}

async function writeAllSoon(disk: Disk, fd: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const written = await disk.writeSoon(fd, bytes, at, bytes.length - at, at);
    if (written <= 0) throw new Error('the disk took 0 bytes and gave no reason');
    at += written;
  }
}

function onDisk<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw diskError(error, what);
  }
}
