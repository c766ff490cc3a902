import type { ByteRange } from '../base/byte-range.js';
import type { PieceIndex } from '../base/ids.js';
import type { Ledger } from '../core/ledger.js';
import type { JournalReplay } from '../store/journal.js';
import { mixedSources } from '../wire/journal-record.js';

/**
 * Sources without content ids say which version of a file they hold by a tag or a date. The journal writes it behind
 * the address, as the fragment that no server sees: `https://host/f#version=...`.
 */
const mark = '#version=';

/** What the journal calls a source that holds this version. */
export function journalName(url: string, version: string | undefined): string {
  return version === undefined ? url : `${url}${mark}${encodeURIComponent(version)}`;
}

/**
 * What an earlier run got from `url` in another version than it holds now, or may have: bytes that must not be mixed
 * with those of today.
 */
export function otherVersionRanges(
  replay: JournalReplay,
  url: string,
  version: string | undefined,
  pieceRange: (piece: number) => ByteRange,
): ByteRange[] {
  const now = journalName(url, version);
  const stale = new Set<number>();
  for (const [index, name] of replay.sources) {
    if (name !== now && name.split(mark)[0] === url && name.includes(mark)) stale.add(index);
  }
  if (stale.size === 0) return [];
  const isStale = (source: number): boolean => stale.has(source) || source === mixedSources;
  const extents = [...replay.extents, ...replay.extentsInPieces].filter((extent) => isStale(extent.source));
  const pieces = [...replay.pieces].filter(([, piece]) => isStale(piece.source)).map(([index]) => pieceRange(index));
  return [...extents.map(({ start, end }) => ({ start, end })), ...pieces];
}

/** What an earlier run says is there. */
export function claimedRanges(ledger: Ledger, replay: JournalReplay | undefined): { start: number; end: number }[] {
  if (replay === undefined) return [];
  const pieces = [...replay.pieces.keys()].map((index) => ledger.pieceRange(index as PieceIndex));
  return [...pieces, ...replay.extents];
}
