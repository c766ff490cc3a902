import type { SourceId } from '../base/ids.js';

/** What a source says of its file. `contentId` is unknown until it has hashed it (or never known, for other protocols). */
export interface SourceClaim {
  readonly source: SourceId;
  readonly sizeBytes: number;
  readonly contentId: string | undefined;
}

/** Sources that, as far as is known, hold the same bytes. */
export interface ClaimGroup {
  readonly sizeBytes: number;
  readonly contentId: string | undefined;
  readonly sources: readonly SourceId[];
}

export type Agreement =
  /** Nobody has said anything. */
  | { readonly kind: 'none' }
  /** `chosen` is used; every other group is left out. `proven` once at least one of it has a content id. */
  | { readonly kind: 'chosen'; readonly chosen: ClaimGroup; readonly others: readonly ClaimGroup[] }
  /** Two groups are equally large, and nothing says which is right. */
  | { readonly kind: 'tie'; readonly groups: readonly ClaimGroup[] };

/**
 * Groups sources by what they claim, and picks the group that goes on: the one that an earlier run already holds bytes
 * of, where there is one, else the largest.
 *
 * A group with a source that the user trusts goes before all others, unless two of those differ.
 * A source without a content id counts with the largest group of its size: its bytes are checked piece by piece.
 */
export function agree(
  claims: readonly SourceClaim[],
  known?: { sizeBytes: number; contentId: string | undefined },
  trusted: ReadonlySet<SourceId> = new Set(),
): Agreement {
  const groups = groupClaims(claims);
  if (groups.length === 0) return { kind: 'none' };
  const matching = known === undefined ? undefined : groups.find((g) => matches(g, known));
  if (matching !== undefined) return { kind: 'chosen', chosen: matching, others: groups.filter((g) => g !== matching) };
  const believed = groups.filter((group) => group.sources.some((source) => trusted.has(source)));
  const [only] = believed;
  if (believed.length === 1 && only !== undefined) {
    return { kind: 'chosen', chosen: only, others: groups.filter((g) => g !== only) };
  }
  const [first, second] = groups;
  if (first === undefined) return { kind: 'none' };
  if (second?.sources.length === first.sources.length) return { kind: 'tie', groups };
  return { kind: 'chosen', chosen: first, others: groups.slice(1) };
}

function matches(group: ClaimGroup, known: { sizeBytes: number; contentId: string | undefined }): boolean {
  if (group.sizeBytes !== known.sizeBytes) return false;
  return known.contentId === undefined || group.contentId === undefined || group.contentId === known.contentId;
}

function groupClaims(claims: readonly SourceClaim[]): ClaimGroup[] {
  const groups: { sizeBytes: number; contentId: string | undefined; sources: SourceId[] }[] = [];
  for (const claim of claims) {
    if (claim.contentId === undefined) continue;
    const group = groups.find((g) => g.sizeBytes === claim.sizeBytes && g.contentId === claim.contentId);
    if (group === undefined)
      groups.push({ sizeBytes: claim.sizeBytes, contentId: claim.contentId, sources: [claim.source] });
    else group.sources.push(claim.source);
  }
  const bySize = (): void => void groups.sort((a, b) => b.sources.length - a.sources.length);
  bySize();
  for (const claim of claims) {
    if (claim.contentId !== undefined) continue;
    const group = groups.find((g) => g.sizeBytes === claim.sizeBytes);
    if (group === undefined) groups.push({ sizeBytes: claim.sizeBytes, contentId: undefined, sources: [claim.source] });
    else group.sources.push(claim.source);
  }
  bySize();
  return groups;
}
