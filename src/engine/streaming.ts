import type { DownloadOptions } from '../base/download-handle.js';
import { ManygetError } from '../base/errors.js';
import { formatBytes, formatDuration } from '../base/units.js';
import { choosePieceBytes } from '../wire/content-id.js';
import type { Assembly } from './assembly.js';
import type { DownloadOutput } from './download-output.js';
import type { FileFacts } from './resume-state.js';
import { StreamPatience } from './stream-patience.js';
import { StreamTransfer } from './stream-transfer.js';

interface StreamingParts {
  readonly options: DownloadOptions;
  readonly assembly: Assembly;
  readonly output: DownloadOutput;
  /** Settles where the file goes, by its name. */
  readonly openOutput: (fileName: string) => void;
  readonly onWhole: () => void;
  readonly onFail: (error: ManygetError) => void;
}

/** Decides when a file has to come as one stream, since nobody says how large it is, and begins that anew where it is cut. */
export class Streaming {
  readonly #parts: StreamingParts;
  readonly #patience: StreamPatience;
  #stream: StreamTransfer | undefined;
  #facts: FileFacts | undefined;

  constructor(parts: StreamingParts) {
    this.#parts = parts;
    this.#patience = new StreamPatience(parts.assembly.pool.giveUpMs);
  }

  /** Undefined before the stream has ended properly. */
  get facts(): FileFacts | undefined {
    return this.#facts;
  }

  /** Bytes that have come. */
  get offset(): number {
    return this.#stream?.offset ?? 0;
  }

  /** Time passes. True while the file comes as one stream. */
  tick(nowMs: number): boolean {
    const { assembly, options, output } = this.#parts;
    this.#stream?.watch(nowMs, assembly.isPaused);
    if (assembly.isPaused) this.#patience.rested(nowMs);
    if (this.#stream?.isOver === false || this.#facts !== undefined) {
      this.#patience.came(this.offset, nowMs);
      return true;
    }
    if (assembly.isPaused || !this.#mayGoOn(nowMs)) return false;
    const isSplit = assembly.transfer !== undefined || options.manifest?.pieces !== undefined;
    const link = !isSplit ? assembly.pool.unsizedLink : undefined;
    if (link === undefined) return false;
    const name = link.unsizedName ?? '';
    if (!output.isOpen) this.#parts.openOutput(name);
    this.#stream = new StreamTransfer({
      part: output.beginStream(),
      link,
      mayTakeTo: () => (assembly.isPaused ? 0 : output.streamEnd),
      onEnd: (sizeBytes) => this.#ended(name, sizeBytes),
      onFail: this.#parts.onFail,
    });
    assembly.pool.isStreaming = true;
    assembly.setPhase('downloading', `${link.runner.source.label} does not say how large ${name} is: one stream`);
    this.#stream.begin();
    return true;
  }

  /** There is no stream: that it was cut is booked, and says whether one may be begun. */
  #mayGoOn(nowMs: number): boolean {
    if (this.#stream !== undefined) {
      this.#patience.came(this.#stream.offset, nowMs);
      this.#patience.cut(nowMs);
      this.#stream = undefined;
    }
    if (!this.#patience.isOver(nowMs)) return this.#patience.mayBegin(nowMs);
    const { cuts, furthest } = this.#patience;
    const waited = formatDuration(this.#parts.assembly.pool.giveUpMs);
    const text = `the only stream of this file, which has no stated size, was cut ${cuts} times after ${formatBytes(furthest)} at the most, and got no further in ${waited}`;
    this.#parts.onFail(new ManygetError('gave-up', text));
    return false;
  }

  /** It may read on. */
  wake(): void {
    this.#stream?.wake();
  }

  /** What has come is written. */
  flush(): void {
    this.#stream?.flush();
  }

  /** Bytes that can be read back. */
  get writtenBytes(): number {
    return this.#stream?.writtenBytes ?? 0;
  }

  #ended(name: string, sizeBytes: number): void {
    const expected = this.#parts.options.manifest?.sizeBytes;
    if (expected !== undefined && expected !== sizeBytes) {
      const text = `the stream of ${name} has ${sizeBytes} bytes, expected ${expected}`;
      this.#parts.onFail(new ManygetError('verification-failed', text));
      return;
    }
    this.#facts = { name, sizeBytes, pieceBytes: choosePieceBytes(sizeBytes), contentId: undefined };
    this.#parts.output.endStream(sizeBytes);
    queueMicrotask(this.#parts.onWhole);
  }
}
