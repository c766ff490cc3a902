import type { ByteRange } from '../base/byte-range.js';
import type { ManygetError } from '../base/errors.js';
import type { FileHashes } from '../base/manifest.js';
import type { SegmentId } from '../core/scheduler-messages.js';

/** What a source says of its file. */
export interface SourceInfo {
  readonly name: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly pieceBytes: number;
  /** Undefined while the server is still hashing. */
  readonly contentId: string | undefined;
  /** SHA-256 of the whole file as stated by the server. */
  readonly sha256: string | undefined;
  readonly hashedBytes: number;
  /** Why it will not have its hashes after all. */
  readonly hashesFailed?: string;
  /** Changes when the file does, where the source has no content id but says so much. */
  readonly version: string | undefined;
  readonly traits: ConnectionTraits;
  /** Undefined where it says nothing of that kind, or nobody wants to know. */
  readonly published?: PublishedFacts | undefined;
}

/** What a source says of its file beside the file itself (RFC 6249 and its kin). Nobody has proved any of it. */
export interface PublishedFacts {
  /** Digests of the whole file. */
  readonly hashes: FileHashes;
  /** Other addresses of the file, best first. */
  readonly mirrors: readonly string[];
  /** Where a Metalink of it is. */
  readonly manifestUrl: string | undefined;
  /** That has the SHA-256 of all pieces of so many bytes, as is promised; undefined where nothing is. */
  readonly manifestPieceBytes: number | undefined;
  /** It comes from the internet: none of these addresses may lead into our own network. */
  readonly publicOnly: boolean;
  /** It came over TLS: nobody on the way can have changed it. */
  readonly isSecure: boolean;
}

/** How an address became known that the user did not give. */
export interface LearnedAddress {
  readonly publicOnly: boolean;
}

/** What the connections of a source can do, for whoever deals out work. */
interface ConnectionTraits {
  /** A range that is under way can be ended early for nothing. Where not, that costs a new connection. */
  readonly canTrim: boolean;
  /** Any range can be asked for. Where not, bytes come from the file's start on, in order. */
  readonly ranges: boolean;
}

/**
 * What a connection calls, in this order: `connected`, `ready`, then any number of the others, and `closed` exactly
 * once, at any time, as the last. None may throw for a reason of the connection's.
 */
export interface ConnectionHandler {
  /** The TCP connection is there. */
  connected(connectMs: number): void;
  /** The source has said what it holds: ranges may be asked for. */
  ready(info: SourceInfo): void;
  /**
   * In place of `ready`: the source gives the file without saying how large it is. One request, from 0 on and without
   * end, brings all of it.
   */
  unsized(name: string): void;
  /** It knows more by now (its hashes). */
  infoChanged(info: SourceInfo): void;
  /** `bytes` bytes of `segment` from `offset` follow. */
  dataStart(segment: SegmentId, offset: number, bytes: number): void;
  /** Where the next of them go: 1 to `bytesMax` bytes; undefined: no room, wait for `resume()`. */
  dataTarget(bytesMax: number): Uint8Array | undefined;
  dataFilled(bytes: number): void;
  /** How many of `bytesMax` bytes that nobody wants may be read now; 0: none, wait for `resume()`. */
  maySkip(bytesMax: number): number;
  /** `bytes` bytes came that nobody wants: the file has gone by up to `offset`. */
  skipped(offset: number, bytes: number): void;
  /** Nothing more comes for `segment`; it was delivered up to `end`. */
  segmentEnded(segment: SegmentId, end: number): void;
  /** Piece hashes that were asked for, 32 bytes each. */
  hashes(firstPiece: number, hashes: Uint8Array): void;
  hashesRefused(error: ManygetError): void;
  /** The other side answered a ping. */
  alive(): void;
  closed(error: ManygetError): void;
}

/** One connection to one source; all calls return at once, results come through the handler. */
export interface SourceConnection {
  /** Ask for [start, end), behind what is asked for already. */
  request(segment: SegmentId, start: number, end: number): void;
  /** Have an asked-for segment end at `end`; what is on its way still comes. */
  trim(segment: SegmentId, end: number): void;
  /** Ask for `count` piece hashes. */
  requestHashes(firstPiece: number, count: number): void;
  ping(): void;
  /** There is room again after `dataTarget` gave none. */
  resume(): void;
  /** End it; `closed` follows with `error`. */
  close(error: ManygetError): void;
}

/** What came of a question for samples. */
export interface SampleAnswer {
  /** All ranges hold what the asker took them to hold: `parts` is empty then. */
  readonly isAsGuessed: boolean;
  /** For each range that was asked for its bytes; undefined where this answer had none of it. */
  readonly parts: readonly (Uint8Array | undefined)[];
  /** Bytes that the question and its answer took on the network, about. */
  readonly costBytes: number;
}

/** Reads short ranges here and there, beside the connections that bring the file. */
export interface Sampler {
  /** As many as may be asked for at once; may change with any answer. */
  readonly rangesAtOnce: number;
  /** Questions that may be out at once; may change with any answer. */
  readonly questionsAtOnce: number;
  /**
   * Ranges in the order of the file, at most 1 MiB each. Rejects where the source fails.
   * @param guess What is in each of them as far as is known, a character for each byte: to compare costs less than to read.
   */
  ask(ranges: readonly ByteRange[], guess?: readonly string[]): Promise<SampleAnswer>;
  close(): void;
}

/** One source of a download. */
export interface Source {
  readonly url: string;
  /** Short, for a narrow column. */
  readonly label: string;
  /** Name of the file there, for a default output name. */
  readonly fileName: string;
  /** It states the hashes of the file's pieces, if not at once then later. */
  readonly willHash: boolean;
  /** Its first answer may bring a better name than `fileName`, in `SourceInfo.name`. */
  readonly mayBeRenamed: boolean;
  /** Begins to connect: `handler` hears nothing before this has returned. `connectTimeoutMs` bounds the time until `ready`. */
  connect(handler: ConnectionHandler, options: { readonly connectTimeoutMs: number }): SourceConnection;
  /** For sources that state no hashes: reads samples, to compare sources with. */
  sampler?(): Sampler;
  /**
   * What it says of its file now, whatever it said before; undefined where it does not answer. Absent where only its
   * answers to requests for bytes tell (HTTP).
   */
  statAnew?(options: { readonly connectTimeoutMs: number }): Promise<SourceInfo | undefined>;
  /** What else there is at this address, for an error message; undefined where it cannot tell. */
  list(options: { readonly connectTimeoutMs: number }): Promise<readonly ListedFile[] | undefined>;
}

export interface ListedFile {
  readonly name: string;
  readonly sizeBytes: number;
}
