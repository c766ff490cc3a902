import { createHash } from 'node:crypto';
import type { ByteRange } from '../base/byte-range.js';
import type { PieceIndex } from '../base/ids.js';
import type { Ledger } from '../core/ledger.js';
import type { JournalReplay } from '../store/journal.js';
import { journalUrlBytesMax, mixedSources } from '../wire/journal-record.js';

/**
 * Sources without content ids say which version of a file they hold by a tag or a date. The journal writes it behind
 * the address, as the fragment that no server sees: `https://host/f#version=...`.
 */
type PieceRange = (piece: number) => ByteRange;

const mark = '#version=';

/** Of an address for which a record has no room, so much is kept before a hash of all of it. */
const urlBytesKept = 4096;

/** What the journal calls a source that holds this version. */
export function journalName(url: string, version: string | undefined): string {
  const name = version === undefined ? url : `${url}${mark}${encodeURIComponent(version)}`;
  if (name.length <= journalUrlBytesMax) return name;
  return version === undefined ? shortened(url) : `${shortened(url)}${mark}${hashOf(version)}`;
}

/** Addresses are percent-encoded: a byte for each character. */
function shortened(url: string): string {
  return url.length <= urlBytesKept ? url : `${url.slice(0, urlBytesKept)}~${hashOf(url)}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Whether the journal calls `url` so, in whatever version. */
function isNameOf(name: string, url: string): boolean {
  const [address] = name.split(mark);
  return address === url || address === shortened(url);
}

/**
 * What an earlier run got from `url` in another version than it holds now, or may have: bytes that must not be mixed
 * with those of today.
 */
export function otherVersionRanges(
  replay: JournalReplay,
  url: string,
  version: string | undefined,
  pieceRange: PieceRange,
): ByteRange[] {
  const now = journalName(url, version);
  return rangesFrom(replay, pieceRange, (name) => name !== now && isNameOf(name, url) && name.includes(mark));
}

/** Whether all that an earlier run left came from `url` in this version, as far as it says which. */
export function isAllFrom(replay: JournalReplay | undefined, url: string, version: string | undefined): boolean {
  if (replay === undefined || version === undefined || replay.sources.size === 0) return false;
  const now = journalName(url, version);
  return [...replay.sources.values()].every((name) => name === now);
}

/** What an earlier run got from `url`, in whatever version, or may have. */
export function rangesOf(replay: JournalReplay, url: string, pieceRange: PieceRange): ByteRange[] {
  return rangesFrom(replay, pieceRange, (name) => isNameOf(name, url));
}

/** What an earlier run got from where it got the byte at `offset`, or may have; all of it where it does not say whence. */
export function rangesAlike(replay: JournalReplay, offset: number, pieceRange: PieceRange): ByteRange[] {
  const holds = ({ start, end }: ByteRange): boolean => start <= offset && offset < end;
  const extent = [...replay.extents, ...replay.extentsInPieces].find(holds);
  const piece = [...replay.pieces].find(([index]) => holds(pieceRange(index)))?.[1];
  const url = replay.sources.get(extent?.source ?? piece?.source ?? mixedSources)?.split(mark)[0];
  return rangesFrom(replay, pieceRange, (name) => url === undefined || name.split(mark)[0] === url);
}

function rangesFrom(replay: JournalReplay, pieceRange: PieceRange, isMeant: (name: string) => boolean): ByteRange[] {
  const meant = new Set<number>();
  for (const [index, name] of replay.sources) if (isMeant(name)) meant.add(index);
  if (meant.size === 0) return [];
  const isOfThose = (source: number): boolean => meant.has(source) || source === mixedSources;
  const extents = [...replay.extents, ...replay.extentsInPieces].filter((extent) => isOfThose(extent.source));
  const pieces = [...replay.pieces].filter(([, piece]) => isOfThose(piece.source)).map(([index]) => pieceRange(index));
  return [...extents.map(({ start, end }) => ({ start, end })), ...pieces];
}

/** What an earlier run says is there. */
export function claimedRanges(ledger: Ledger, replay: JournalReplay | undefined): { start: number; end: number }[] {
  if (replay === undefined) return [];
  const pieces = [...replay.pieces.keys()].map((index) => ledger.pieceRange(index as PieceIndex));
  return [...pieces, ...replay.extents];
}
