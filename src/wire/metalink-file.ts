import { hashAlgorithms, parseHashName, parseHexDigest, strongestFirst } from '../base/hash-algorithm.js';
import type { HashAlgorithm } from '../base/hash-algorithm.js';
import { lowestPriority, type Manifest, type ManifestSource, type PieceHashes } from '../base/manifest.js';
import { printable } from '../base/printable.js';
import { metalinkLimits as limits } from './metalink-limits.js';

/** Attributes of an element by their name. */
export type Attributes = Readonly<Record<string, string | undefined>>;

/** What a file needs from its document: ways to refuse it, and to say what is left out. */
export interface MetalinkTrouble {
  /** @throws ManygetError `manifest-malformed`: `sentence` begins in the middle, as in "states a size of ...". */
  malformed(sentence: string): never;
  /** @throws ManygetError `manifest-refused`. */
  refused(sentence: string): never;
  notice(sentence: string): void;
  /** Counts one more piece hash of the document. */
  countPiece(): void;
}

/**
 * Puts one file of a Metalink document together from its elements, whichever version they are of. Knows no XML.
 *
 * Invariant: hashes and piece lists are of known algorithms; what is of another one is told and left out.
 */
export class MetalinkFile {
  readonly name: string;
  readonly #trouble: MetalinkTrouble;
  readonly #hashes: Partial<Record<HashAlgorithm, string>> = {};
  readonly #pieces = new Map<HashAlgorithm, PieceList>();
  readonly #sources = new Map<string, ManifestSource>();
  #sizeBytes: number | undefined;
  #openPieces: PieceList | undefined;

  constructor(name: string, trouble: MetalinkTrouble) {
    this.name = name;
    this.#trouble = trouble;
  }

  size(text: string): void {
    const size = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(size)) {
      this.#malformed(`states the size "${printable(text, 40)}", expected a number of bytes`);
    }
    if (this.#sizeBytes !== undefined && this.#sizeBytes !== size) {
      this.#malformed(`states two sizes, ${this.#sizeBytes} and ${size} bytes`);
    }
    this.#sizeBytes = size;
  }

  hash(attributes: Attributes, text: string): void {
    const algorithm = this.#algorithm(attributes, 'hash');
    if (algorithm === undefined) return;
    const hex = this.#digest(algorithm, text);
    const other = this.#hashes[algorithm];
    if (other !== undefined && other !== hex) {
      this.#malformed(`states two different hashes of type ${hashAlgorithms[algorithm].ianaName}`);
    }
    this.#hashes[algorithm] = hex;
  }

  /** The piece hashes that follow are of this kind. */
  openPieces(attributes: Attributes): void {
    this.#openPieces = undefined;
    const algorithm = this.#algorithm(attributes, 'pieces');
    if (algorithm === undefined) return;
    const text = attributes['length'] ?? '';
    const pieceBytes = /^\d{1,16}$/.test(text) ? Number(text) : 0;
    if (pieceBytes === 0) {
      this.#malformed(`states pieces of length "${printable(text, 40)}", expected a number of bytes`);
    }
    if (pieceBytes > limits.pieceBytesMax) {
      this.#trouble.refused(
        `${this.#subject} has pieces of ${pieceBytes} bytes, expected at most ${limits.pieceBytesMax}`,
      );
    }
    if (this.#pieces.has(algorithm)) {
      this.#malformed(`has two lists of piece hashes of type ${hashAlgorithms[algorithm].ianaName}`);
    }
    this.#openPieces = new PieceList(algorithm, pieceBytes);
    this.#pieces.set(algorithm, this.#openPieces);
  }

  /** Metalink 3 numbers the pieces, from 0. */
  pieceHash(attributes: Attributes, text: string): void {
    const list = this.#openPieces;
    if (list === undefined) return;
    const number = attributes['piece'];
    if (number !== undefined && number.trim() !== String(list.count)) {
      this.#malformed(`has piece number ${printable(number, 40)} where number ${list.count} was expected`);
    }
    this.#trouble.countPiece();
    list.push(this.#digest(list.algorithm, text));
  }

  source(text: string, priority: number | undefined, location: string | undefined): void {
    if (!URL.canParse(text)) {
      this.#trouble.notice(`"${printable(text, 100)}" is no URL and is left out`);
      return;
    }
    if (this.#sources.size >= limits.urlsMax && !this.#sources.has(text)) {
      this.#trouble.refused(`${this.#subject} has more than ${limits.urlsMax} addresses`);
    }
    const source = { url: text, priority: priority ?? lowestPriority, location: location?.toLowerCase() };
    const known = this.#sources.get(text);
    if (known === undefined || known.priority > source.priority) this.#sources.set(text, source);
  }

  /** All of it has been read. */
  finish(): Manifest {
    const strongest = strongestFirst.find((algorithm) => this.#pieces.has(algorithm));
    const list = strongest === undefined ? undefined : this.#pieces.get(strongest);
    if (list !== undefined) this.#checkCount(list);
    return {
      name: this.name,
      sizeBytes: this.#sizeBytes,
      hashes: this.#hashes,
      pieces: list === undefined || list.count === 0 ? undefined : list.finish(),
      sources: [...this.#sources.values()].sort((a, b) => a.priority - b.priority),
    };
  }

  get #subject(): string {
    return `the file "${printable(this.name)}"`;
  }

  #checkCount(list: PieceList): void {
    if (this.#sizeBytes === undefined) return;
    const expected = Math.ceil(this.#sizeBytes / list.pieceBytes);
    if (list.count === expected) return;
    this.#malformed(
      `has ${list.count} piece hashes, expected ${expected} for ${this.#sizeBytes} bytes in pieces of ${list.pieceBytes} bytes`,
    );
  }

  #algorithm(attributes: Attributes, what: string): HashAlgorithm | undefined {
    const name = attributes['type'] ?? '';
    const algorithm = parseHashName(name);
    if (algorithm === undefined) {
      this.#trouble.notice(
        `a ${what} of type "${printable(name, 40)}" of ${this.#subject} is not known and is left out`,
      );
    }
    return algorithm;
  }

  #digest(algorithm: HashAlgorithm, text: string): string {
    const { ianaName, bytes } = hashAlgorithms[algorithm];
    return (
      parseHexDigest(algorithm, text) ??
      this.#malformed(`has the ${ianaName} hash "${printable(text, 160)}", expected ${bytes * 2} hexadecimal digits`)
    );
  }

  #malformed(sentence: string): never {
    return this.#trouble.malformed(`${this.#subject} ${sentence}`);
  }
}

/** The hashes of one `pieces` element, in memory that grows with them. */
class PieceList {
  readonly algorithm: HashAlgorithm;
  readonly pieceBytes: number;
  readonly #each: number;
  #digests = new Uint8Array(0);
  #count = 0;

  constructor(algorithm: HashAlgorithm, pieceBytes: number) {
    this.algorithm = algorithm;
    this.pieceBytes = pieceBytes;
    this.#each = hashAlgorithms[algorithm].bytes;
  }

  get count(): number {
    return this.#count;
  }

  push(hex: string): void {
    const at = this.#count * this.#each;
    if (at === this.#digests.length) {
      const grown = new Uint8Array(Math.max(64 * this.#each, at * 2));
      grown.set(this.#digests);
      this.#digests = grown;
    }
    this.#digests.set(Buffer.from(hex, 'hex'), at);
    this.#count += 1;
  }

  finish(): PieceHashes {
    const digests = this.#digests.slice(0, this.#count * this.#each);
    return { algorithm: this.algorithm, pieceBytes: this.pieceBytes, digests };
  }
}
