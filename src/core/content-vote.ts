import type { SourceId } from '../base/ids.js';

/** A source's word on the content of its file; undefined while it is still hashing. */
export interface ContentClaim {
  readonly source: SourceId;
  readonly contentId: string | undefined;
}

export type ContentVote =
  /** Too few have spoken. */
  | { readonly kind: 'pending' }
  /** Most hold these bytes; `others` hold different ones. */
  | { readonly kind: 'decided'; readonly contentId: string; readonly others: readonly SourceId[] }
  /** As many hold the one as the other, and nobody else is to be asked. */
  | { readonly kind: 'tie'; readonly contentIds: readonly string[] };

/**
 * What the file's content is, by the majority of its sources. Decided as soon as more than half of `voters` (all that
 * may still speak, those included) say the same, or one that the user trusts does; or by plurality once nobody is left to wait for (`isClosed`).
 */
export function voteContent(
  claims: readonly ContentClaim[],
  voters: number,
  isClosed: boolean,
  trusted: ReadonlySet<SourceId> = new Set(),
): ContentVote {
  const believed = new Set(
    claims.filter((c) => c.contentId !== undefined && trusted.has(c.source)).map((c) => c.contentId),
  );
  const [only] = believed;
  if (believed.size === 1 && only !== undefined)
    return { kind: 'decided', contentId: only, others: differing(claims, only) };
  const votes = new Map<string, number>();
  for (const { contentId } of claims) {
    if (contentId !== undefined) votes.set(contentId, (votes.get(contentId) ?? 0) + 1);
  }
  const [best, second] = [...votes].sort((a, b) => b[1] - a[1]);
  if (best === undefined) return { kind: 'pending' };
  const silent = claims.some((c) => c.contentId === undefined);
  if (best[1] * 2 <= voters && (silent || !isClosed)) return { kind: 'pending' };
  if (second?.[1] === best[1]) return { kind: 'tie', contentIds: [...votes.keys()] };
  return { kind: 'decided', contentId: best[0], others: differing(claims, best[0]) };
}

function differing(claims: readonly ContentClaim[], contentId: string): SourceId[] {
  return claims.filter((c) => c.contentId !== undefined && c.contentId !== contentId).map((c) => c.source);
}
