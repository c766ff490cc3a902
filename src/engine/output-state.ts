import { ManygetError } from '../base/errors.js';
import { unlinkIfThere, type Disk } from '../store/disk.js';
import { FileReader, type ByteReader } from '../store/file-reader.js';
import type { Journal, JournalReplay } from '../store/journal.js';
import { lockOutput, type OutputLock } from '../store/output-lock.js';
import { decideOutputPath, statePaths, takesOwnName, type StatePaths } from '../store/output-path.js';
import { completeCutFinish, PartFile } from '../store/part-file.js';
import type { PieceHasher } from '../store/piece-hasher.js';
import { preallocate } from '../store/preallocate.js';
import { verifyExtents, type ResumeCheck } from '../store/resume-check.js';
import type { DownloadOutput, FileDigest } from './download-output.js';
import { checkSameFile, openEarlierRun, openStore, type EarlierRun, type FileFacts } from './resume-state.js';

/** Up to here the SHA-256 of the whole file costs less than anybody notices, and is computed unasked. */
const sha256UnaskedBytesMax = 32 * 1024 * 1024;

/** The process that reserves space takes some ms of this one's time: the first bytes come before it, and a small or fast download goes without. */
const reserveAfterMs = 50;

interface OutputOptions {
  readonly output: string | undefined;
  readonly resume: boolean;
  readonly overwrite: boolean;
}

/**
 * Owns what a download has on the disk: the lock, the part file, the journal, and the final name. Decides nothing
 * about bytes.
 */
export class OutputState implements DownloadOutput {
  readonly hashDisk = undefined;
  readonly windowBytes = undefined;
  readonly memory = { poolBytesMax: 28 * 1024 * 1024, openBlocksBytesMax: 24 * 1024 * 1024 };
  readonly handedOutBytes = 0;
  readonly streamEnd = Infinity;
  readonly #disk: Disk;
  readonly #options: OutputOptions;
  #path = '';
  #paths: StatePaths | undefined;
  #lock: OutputLock | undefined;
  #earlier: EarlierRun | undefined;
  #part: PartFile | undefined;
  #journal: Journal | undefined;
  #reserving: NodeJS.Timeout | undefined;
  /** What the journal has heard of the content. */
  #contentId: string | undefined;
  #isFinished = false;
  #notice: (text: string) => void = () => undefined;
  #toldFault: ManygetError | undefined;

  constructor(disk: Disk, options: OutputOptions) {
    this.#disk = disk;
    this.#options = options;
  }

  /** Absolute path of the finished file; empty before `open`. */
  get path(): string {
    return this.#path;
  }

  /** Where the file is while it is unfinished. */
  get partPath(): string {
    return this.#state().part;
  }

  expect(): void {
    // What is in a file can be read once more.
  }

  /** The file's own name decides where it goes, and `open` has to wait for it. */
  get waitsForName(): boolean {
    return this.#paths === undefined && takesOwnName(this.#disk, this.#options.output);
  }

  get isOpen(): boolean {
    return this.#paths !== undefined;
  }

  get earlier(): EarlierRun | undefined {
    return this.#earlier;
  }

  /**
   * Settles where the file goes, takes the lock, and reads what an earlier run left.
   * @param notice Told, in a sentence, what is there and of no use, and what goes wrong without harm.
   */
  open(fileName: string, notice: (text: string) => void): void {
    const { output, overwrite, resume } = this.#options;
    this.#notice = notice;
    this.#path = decideOutputPath(this.#disk, { output, name: fileName, overwrite: true });
    const paths = statePaths(this.#path);
    this.#paths = paths;
    if (!overwrite && this.#disk.look(this.#path) !== undefined) {
      // An earlier run may have been cut off between giving the final name and taking the old one away.
      this.#completeCutFinish(paths);
      decideOutputPath(this.#disk, { output, name: fileName, overwrite });
    }
    this.#lock = lockOutput(this.#disk, this.#path);
    // Two names of one file: what is written under the one would be under the other.
    if (overwrite) this.#completeCutFinish(paths);
    if (!resume) return;
    const found = openEarlierRun(this.#disk, paths.part, paths.journal);
    this.#earlier = found.earlier;
    if (found.useless !== undefined) notice(`nothing to resume: ${found.useless}; starting over`);
  }

  /** The file's facts are known: opens the part file and the journal. */
  begin(facts: FileFacts): { part: PartFile; journal: Journal; replay: JournalReplay | undefined } {
    const paths = this.#state();
    const earlier = this.#earlier;
    if (earlier !== undefined) checkSameFile(facts, earlier.replay, paths.part);
    const { part, journal } = openStore(this.#disk, paths.part, paths.journal, facts, earlier);
    this.#part = part;
    this.#journal = journal;
    if (earlier === undefined) {
      const reserve = (): void => void preallocate(part.path, facts.sizeBytes, this.#disk);
      this.#reserving = setTimeout(reserve, reserveAfterMs).unref();
    }
    return { part, journal, replay: earlier?.replay };
  }

  /** A file whose size nobody states: opens the part file, empty. What an earlier run left is of no use. */
  beginStream(): PartFile {
    this.#reset();
    this.#part = PartFile.open(this.#disk, this.#state().part, 0, { fresh: true });
    return this.#part;
  }

  /** The stream is whole: this is its size. */
  endStream(sizeBytes: number): void {
    this.#part?.close();
    this.#part = PartFile.open(this.#disk, this.#state().part, sizeBytes, { fresh: false });
  }

  /**
   * What has begun is of no use: as if nothing had been there.
   * @throws ManygetError `journal-other-file`: what an earlier run left is kept.
   */
  discard(next: FileFacts): void {
    if (this.#earlier !== undefined) checkSameFile(next, this.#earlier.replay, this.#state().part);
    const begun = this.#part?.path;
    this.#reset();
    // What is still on its way to the disk must not land in what comes next: that is a new file, not this one emptied.
    if (begun !== undefined) unlinkIfThere(this.#disk, begun);
  }

  /** The content of the file is known now; may be said again. @throws ManygetError `journal-other-file`. */
  noteContent(contentId: string): void {
    if (contentId === this.#contentId) return;
    const known = this.#earlier?.replay.contentId;
    if (known !== undefined && known !== contentId) {
      throw new ManygetError(
        'journal-other-file',
        `${this.#state().part} was begun for other content (id ${known}), the servers hold ${contentId}; use --no-resume to start over, or another output to keep both`,
      );
    }
    if (known === undefined) this.#journal?.append({ type: 'content', contentId });
    this.#contentId = contentId;
  }

  /** Reads back what the earlier run claims to have left. */
  checkEarlier(signal: AbortSignal): Promise<ResumeCheck> {
    const earlier = this.#earlier;
    if (earlier === undefined) throw new Error('there is no earlier run');
    return verifyExtents({ path: this.#state().part, disk: this.#disk }, earlier.replay, { signal });
  }

  /** What is written so far survives a power loss, once this resolves. */
  async sync(): Promise<void> {
    await this.#journal?.sync(this.#part);
    const fault = this.#journal?.compactionFault;
    if (fault === undefined || fault === this.#toldFault) return;
    this.#toldFault = fault;
    this.#notice(`the state file stays longer than it has to be: ${fault.message}`);
  }

  /**
   * Gives the verified file its final name, and takes the state away.
   * @param sha256.computed The digest where somebody has computed it from the bytes already.
   */
  async finish(
    hasher: PieceHasher,
    sha256: { forced: boolean; stated: string | undefined; computed?: string | undefined },
  ): Promise<FileDigest> {
    const part = this.#part;
    if (part === undefined) throw new Error('nothing was begun');
    clearTimeout(this.#reserving);
    this.#journal?.flush();
    const unasked = this.#disk.look(part.path)?.sizeBytes ?? 0;
    const computes = sha256.computed !== undefined || sha256.forced || unasked <= sha256UnaskedBytesMax;
    const digest: FileDigest = computes
      ? { sha256: sha256.computed ?? (await hasher.hashWholeFile(part.path, {}, unasked)), origin: 'computed' }
      : { sha256: sha256.stated, origin: sha256.stated === undefined ? undefined : 'stated' };
    if (digest.origin === 'computed' && sha256.stated !== undefined && digest.sha256 !== sha256.stated) {
      throw new ManygetError(
        'verification-failed',
        `the file's SHA-256 is ${digest.sha256 ?? ''}, the servers state ${sha256.stated}; it is kept as ${part.path}`,
      );
    }
    await part.finish(this.#path, { overwrite: this.#options.overwrite });
    this.#isFinished = true;
    part.close();
    this.#journal?.remove();
    this.#lock?.release();
    return digest;
  }

  /** Ends without a finished file: all that was received stays for a later run. */
  async abandon(): Promise<void> {
    try {
      if (this.#journal !== undefined) {
        this.#journal.append({ type: 'end-of-run' });
        await this.sync();
      }
    } finally {
      this.close();
    }
  }

  interrupt(): void {
    // Nobody has to have read anything before it is finished.
  }

  /** Opens the file where it is by now, under whichever name. Rejects with `io-failed`. */
  async openReader(): Promise<ByteReader> {
    if (this.#isFinished) return FileReader.open(this.#path);
    try {
      return await FileReader.open(this.partPath);
    } catch (error) {
      // It got its final name in the meantime.
      if (this.#disk.look(this.#path) === undefined) throw error;
      return FileReader.open(this.#path);
    }
  }

  /** Lets go of everything. */
  close(): void {
    clearTimeout(this.#reserving);
    this.#part?.close();
    (this.#journal ?? this.#earlier?.journal)?.close();
    this.#lock?.release();
  }

  #reset(): void {
    clearTimeout(this.#reserving);
    this.#part?.close();
    this.#journal?.remove();
    this.#part = undefined;
    this.#journal = undefined;
    this.#contentId = undefined;
    this.#earlier = undefined;
  }

  #completeCutFinish(paths: StatePaths): void {
    if (completeCutFinish(this.#disk, paths.part, this.#path)) unlinkIfThere(this.#disk, paths.journal);
  }

  #state(): StatePaths {
    if (this.#paths === undefined) throw new Error('the output was not opened');
    return this.#paths;
  }
}
