import { ManygetError } from '../base/errors.js';
import { hashAlgorithms, type HashAlgorithm } from '../base/hash-algorithm.js';
import type { ExpectedContent, FileHashes, PieceHashes } from '../base/manifest.js';
import type { SourceInfo } from '../sources/source.js';
import { contentId, pieceCount } from '../wire/content-id.js';
import type { FileFacts } from './resume-state.js';
import type { SourceRunner } from './source-runner.js';

/** What the manifest says of the file, and what follows from it for what sources say. Decides nothing else. */
export class ManifestFacts {
  #content: ExpectedContent;
  #earlierPieceBytes: number | undefined;
  /** By address: the size that a source has to have which another one named. */
  readonly #sizes = new Map<string, number>();

  constructor(content: ExpectedContent = {}) {
    this.#content = content;
  }

  /** A manifest was found on the way. Whether what has begun can go on by it, `whyAnew` says. */
  adopt(content: ExpectedContent): void {
    this.#content = content;
  }

  /** A source that another one named has no say of its own: it holds what that one holds, or is left out. */
  expectAt(url: string, sizeBytes: number): void {
    this.#sizes.set(url, sizeBytes);
  }

  /** An earlier run cut the file so, and nobody who states hashes says otherwise: what it left stays of use. */
  keepCut(pieceBytes: number | undefined): void {
    this.#earlierPieceBytes = pieceBytes;
  }

  /** Hashes that the whole file has to have. */
  get hashes(): FileHashes {
    return this.#content.hashes ?? {};
  }

  get pieces(): PieceHashes | undefined {
    return this.#content.pieces;
  }

  /** `stated`, with what the manifest knows better: pieces are cut as it hashes them. */
  correct(stated: FileFacts): FileFacts {
    const { pieces } = this;
    const earlier = stated.contentId === undefined ? this.#earlierPieceBytes : undefined;
    if (pieces === undefined) return earlier === undefined ? stated : { ...stated, pieceBytes: earlier };
    return { ...stated, pieceBytes: pieces.pieceBytes, contentId: this.#contentId(stated.sizeBytes) };
  }

  /** Why what was `begun`, by what was known then, cannot go on by what is known `now`; undefined where it can. */
  whyAnew(begun: FileFacts | undefined, now: FileFacts, algorithm: HashAlgorithm | undefined): string | undefined {
    const { pieces } = this;
    if (begun === undefined) return undefined;
    if (begun.sizeBytes !== now.sizeBytes) return `most sources hold a file of ${now.sizeBytes} bytes`;
    if (pieces === undefined || (pieces.pieceBytes === begun.pieceBytes && pieces.algorithm === algorithm))
      return undefined;
    return 'the manifest has other pieces than was promised';
  }

  /** Those that say something else of the file than the manifest does. */
  misfits(runners: readonly SourceRunner[]): { runner: SourceRunner; error: ManygetError }[] {
    return runners.flatMap((runner) => {
      if (runner.isStopped || runner.info === undefined) return [];
      const { label, url } = runner.source;
      const error = this.fault(label, runner.info) ?? sizeFault(label, runner.info, this.#sizes.get(url));
      return error === undefined ? [] : [{ runner, error }];
    });
  }

  /** Why a source that says this of its file does not hold the one of the manifest; undefined where it may. */
  fault(label: string, info: SourceInfo): ManygetError | undefined {
    const { sizeBytes } = this.#content;
    const differs = (code: 'size-differs' | 'content-differs', text: string, who = 'manifest'): ManygetError =>
      new ManygetError(code, `${label} holds ${text} as the ${who} states; it is left out`);
    if (sizeBytes !== undefined && info.sizeBytes !== sizeBytes) {
      return differs('size-differs', `a file of ${info.sizeBytes} bytes, expected ${sizeBytes} bytes`);
    }
    const { pieces } = this;
    if (pieces !== undefined && pieceCount(info.sizeBytes, pieces.pieceBytes) !== countOfPieces(pieces)) {
      const expected = `${countOfPieces(pieces)} pieces of ${pieces.pieceBytes} bytes`;
      return differs('size-differs', `a file of ${info.sizeBytes} bytes, expected ${expected}`);
    }
    const { sha256 } = this.hashes;
    if (info.sha256 !== undefined && sha256 !== undefined && info.sha256 !== sha256) {
      return differs(
        'content-differs',
        `a file with the SHA-256 ${info.sha256}, expected ${sha256}`,
        'checksum or manifest',
      );
    }
    const id = info.pieceBytes === pieces?.pieceBytes ? this.#contentId(info.sizeBytes) : undefined;
    if (info.contentId !== undefined && id !== undefined && info.contentId !== id) {
      return differs('content-differs', `other bytes (content id ${info.contentId.slice(0, 12)}), expected those`);
    }
    return undefined;
  }

  /** The content id that a server gives to the same pieces; only SHA-256 has one. */
  #contentId(sizeBytes: number): string | undefined {
    const { pieces } = this;
    if (pieces?.algorithm !== 'sha256') return undefined;
    return contentId(sizeBytes, pieces.pieceBytes, pieces.digests);
  }
}

function sizeFault(label: string, info: SourceInfo, sizeBytes: number | undefined): ManygetError | undefined {
  if (sizeBytes === undefined || info.sizeBytes === sizeBytes) return undefined;
  const text = `${label} holds a file of ${info.sizeBytes} bytes, expected ${sizeBytes} bytes as the source that names it; it is left out`;
  return new ManygetError('size-differs', text);
}

export function countOfPieces(pieces: PieceHashes): number {
  return pieces.digests.length / hashAlgorithms[pieces.algorithm].bytes;
}
