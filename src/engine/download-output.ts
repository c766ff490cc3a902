import type { TransferMemory } from './sink.js';
import type { ManygetError } from '../base/errors.js';
import type { FileHashes } from '../base/manifest.js';
import type { ByteReader } from '../store/file-reader.js';
import type { Disk } from '../store/disk.js';
import type { Journal, JournalReplay } from '../store/journal.js';
import type { PartFile } from '../store/part-file.js';
import type { PieceHasher } from '../store/piece-hasher.js';
import type { ResumeCheck } from '../store/resume-check.js';
import type { EarlierRun, FileFacts } from './resume-state.js';

export interface FileDigest {
  readonly sha256: string | undefined;
  readonly origin: 'computed' | 'stated' | undefined;
}

/** Where a download's bytes go: to a file, or through the hands of one reader. */
export interface DownloadOutput {
  /** Of the finished file: absolute; "-" where there is none; empty before `open`. */
  readonly path: string;
  /** Where the file is while it is unfinished. */
  readonly partPath: string;
  /** The file's own name decides where it goes, and `open` has to wait for it. */
  readonly waitsForName: boolean;
  readonly isOpen: boolean;
  readonly earlier: EarlierRun | undefined;
  /** Where unfinished pieces are read from to be hashed; undefined: the real disk. */
  readonly hashDisk: Disk | undefined;
  /**
   * Only so many bytes beyond what was read are kept, and there is no state for a later run. Undefined: all are. May be
   * more once the file's pieces are known.
   */
  readonly windowBytes: number | undefined;
  readonly memory: TransferMemory;
  /** Bytes that have left for good: they cannot be fetched again. */
  readonly handedOutBytes: number;
  /** Somebody states hashes of the whole file: what is handed out for good is held against them. */
  expect(hashes: FileHashes): void;
  open(fileName: string, notice: (text: string) => void): void;
  begin(facts: FileFacts): { part: PartFile; journal: Journal; replay: JournalReplay | undefined };
  beginStream(): PartFile;
  endStream(sizeBytes: number): void;
  /** A stream may bring bytes up to here. */
  readonly streamEnd: number;
  /** What has begun is of no use: the file is another one. @throws ManygetError `journal-other-file`: an earlier run had begun it. */
  discard(next: FileFacts): void;
  noteContent(contentId: string): void;
  checkEarlier(signal: AbortSignal): Promise<ResumeCheck>;
  sync(): Promise<void>;
  finish(
    hasher: PieceHasher,
    sha256: { forced: boolean; stated: string | undefined; computed?: string | undefined },
  ): Promise<FileDigest>;
  abandon(): Promise<void>;
  /** Whoever waits within `finish` for somebody to read waits no more. */
  interrupt(error: ManygetError): void;
  /** What is there can be read. */
  openReader(): Promise<ByteReader>;
}
