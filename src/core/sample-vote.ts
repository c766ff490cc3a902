import type { SourceId } from '../base/ids.js';

/** What one source says of the bytes at a disputed point. */
export interface SampleClaim {
  readonly source: SourceId;
  readonly bytes: Uint8Array;
}

/** Sources that say the same. */
export interface SampleGroup {
  readonly bytes: Uint8Array;
  readonly sources: readonly SourceId[];
}

export type SampleVote =
  /** `right` is believed, by its number or because the user trusts one of it; `wrong` say something else. */
  | { readonly kind: 'decided'; readonly right: SampleGroup; readonly wrong: readonly SampleGroup[] }
  /** Nothing says which is right. */
  | { readonly kind: 'tie'; readonly groups: readonly SampleGroup[] };

/** Which bytes are right, where sources differ: those of a trusted source, else those that most sources have. */
export function voteSample(claims: readonly SampleClaim[], trusted: ReadonlySet<SourceId>): SampleVote {
  const groups: { bytes: Uint8Array; sources: SourceId[] }[] = [];
  for (const { source, bytes } of claims) {
    const group = groups.find((g) => Buffer.compare(g.bytes, bytes) === 0);
    if (group === undefined) groups.push({ bytes, sources: [source] });
    else group.sources.push(source);
  }
  groups.sort((a, b) => b.sources.length - a.sources.length);
  const believed = groups.filter((g) => g.sources.some((s) => trusted.has(s)));
  const [first, second] = believed.length > 0 ? believed : groups;
  if (first === undefined) return { kind: 'tie', groups };
  // Two trusted sources that differ prove nothing, whatever the others say.
  if (second !== undefined && (believed.length > 0 || second.sources.length === first.sources.length)) {
    return { kind: 'tie', groups };
  }
  return { kind: 'decided', right: first, wrong: groups.filter((g) => g !== first) };
}
