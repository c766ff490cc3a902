import { strongestFirst, type HashAlgorithm } from './hash-algorithm.js';

/** Digests of a whole file by algorithm, in lower-case hex. */
export type FileHashes = Readonly<Partial<Record<HashAlgorithm, string>>>;

/** The hash of every piece of a file. All pieces but the last one are of `pieceBytes` bytes. */
export interface PieceHashes {
  readonly algorithm: HashAlgorithm;
  readonly pieceBytes: number;
  /** One digest behind the other. */
  readonly digests: Uint8Array;
}

/** What is known of a file's content before anybody was asked for it. What is left out is not known. */
export interface ExpectedContent {
  readonly sizeBytes?: number | undefined;
  readonly hashes?: FileHashes | undefined;
  readonly pieces?: PieceHashes | undefined;
}

/** One address of a file. */
export interface ManifestSource {
  readonly url: string;
  /** 1 to 999,999; lower is better (RFC 5854, 4.2.16.1). */
  readonly priority: number;
  /** Country code of the server, in lower case. */
  readonly location: string | undefined;
}

/** One file as somebody published it: what it is called and contains, and where it is. */
export interface Manifest extends ExpectedContent {
  /** Relative and safe (wire/safe-name.ts); may lie in folders, "a/b.iso". */
  readonly name: string;
  readonly sizeBytes: number | undefined;
  readonly hashes: FileHashes;
  readonly pieces: PieceHashes | undefined;
  /** By priority, best first. */
  readonly sources: readonly ManifestSource[];
}

/** A manifest as a document: the files in it, and what of it is left out, in sentences. */
export interface ManifestDocument {
  readonly files: readonly Manifest[];
  readonly notices: readonly string[];
}

/** Whether `operand` names a manifest rather than a file to fetch: "-", or something that ends in .meta4 or .metalink. */
export function isManifestOperand(operand: string): boolean {
  if (operand === '-') return true;
  const path = URL.canParse(operand) ? new URL(operand).pathname : operand;
  return /\.(meta4|metalink)$/i.test(path);
}

/** Priority of a source that states none (RFC 5854, 4.2.16.1). */
export const lowestPriority = 999_999;

/** The strongest algorithm that `hashes` has a digest of. */
export function strongestHash(hashes: FileHashes): { algorithm: HashAlgorithm; hex: string } | undefined {
  for (const algorithm of strongestFirst) {
    const hex = hashes[algorithm];
    if (hex !== undefined) return { algorithm, hex };
  }
  return undefined;
}
