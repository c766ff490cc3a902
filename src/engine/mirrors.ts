import { ManygetError } from '../base/errors.js';
import type { SourceId } from '../base/ids.js';
import { agree, type ClaimGroup } from '../core/agreement.js';
import { voteContent } from '../core/content-vote.js';
import type { JournalReplay } from '../store/journal.js';
import { choosePieceBytes } from '../wire/content-id.js';
import type { FileFacts } from './resume-state.js';
import type { SourceRunner } from './source-runner.js';

/** How long those that have not answered yet may still change the picture, from the first answer on. */
const settleMs = 1000;
/** How long a server may take to hash before the others decide without it. */
const hashingPatienceMs = 5000;
/** What no common file system holds (ext4: 16 TiB). To begin with it would end the download, and others may say otherwise. */
const believedAtOnceBytesMax = 16 * 1024 ** 4;

export type Verdict =
  | { readonly kind: 'wait' }
  | { readonly kind: 'disagree'; readonly error: ManygetError }
  | {
      readonly kind: 'agree';
      readonly facts: FileFacts;
      readonly good: readonly SourceRunner[];
      readonly odd: readonly { readonly runner: SourceRunner; readonly error: ManygetError }[];
    };

/**
 * Decides which sources hold the same file. The first to answer is believed at once, so that nobody waits; the
 * majority is believed when all have answered, or a second later. Nothing is final before that.
 */
export class Mirrors {
  readonly #runners: readonly SourceRunner[];
  #contentIsKnown: boolean;
  readonly #trusts: (runner: SourceRunner) => boolean;
  #firstAnswerMs: number | undefined;
  #firstContentMs: number | undefined;
  #settled = false;
  /** What was decided: from then on answers are only compared with it. */
  #sizeBytes: number | undefined;
  /** Of an earlier run. */
  #preferred: { readonly sizeBytes: number; readonly contentId: string | undefined } | undefined;

  /**
   * @param contentIsKnown The right bytes are known from elsewhere: nobody's word on them is counted.
   * @param trusts Whom the user believes, whatever the others say.
   */
  constructor(
    runners: readonly SourceRunner[],
    contentIsKnown = false,
    trusts: (runner: SourceRunner) => boolean = () => false,
  ) {
    this.#runners = runners;
    this.#contentIsKnown = contentIsKnown;
    this.#trusts = trusts;
  }

  /** True once late answers can only be compared with what was decided. */
  get isSettled(): boolean {
    return this.#settled;
  }

  /** The right bytes are known by now. */
  contentBecomesKnown(): void {
    this.#contentIsKnown = true;
  }

  /** Bytes of an earlier run are there: the sources that fit them are preferred. */
  prefer(replay: JournalReplay): void {
    this.#preferred = { sizeBytes: replay.header.sizeBytes, contentId: replay.contentId };
  }

  judge(nowMs: number, current: FileFacts | undefined): Verdict {
    const live = this.#runners.filter((runner) => !runner.isStopped);
    const answered = live.filter((runner) => runner.info !== undefined);
    if (answered.length === 0) return { kind: 'wait' };
    this.#firstAnswerMs ??= nowMs;
    if (this.#sizeBytes !== undefined) return this.#content(this.#sizeBytes, answered, current, nowMs);
    const allSpoke = live.every((runner) => (runner.info ?? runner.unsizedName) !== undefined || runner.faults > 0);
    if (allSpoke || nowMs - this.#firstAnswerMs > settleMs) this.#settled = true;
    const sizePreferred = this.#preferred?.sizeBytes;
    const known = sizePreferred === undefined ? undefined : { sizeBytes: sizePreferred, contentId: undefined };
    const claims = answered.map((r) => ({ source: r.id, sizeBytes: r.info?.sizeBytes ?? 0, contentId: undefined }));
    const sizes = agree(claims, known, this.#trusted);
    if (sizes.kind === 'none') return { kind: 'wait' };
    if (sizes.kind === 'tie') {
      if (this.#settled) return { kind: 'disagree', error: this.#sizesDisagree(sizes.groups) };
      return current === undefined ? { kind: 'wait' } : this.#content(current.sizeBytes, answered, current, nowMs);
    }
    const { sizeBytes } = sizes.chosen;
    // Beginning with another file would end in an error, and somebody may still have the right one.
    if (sizePreferred !== undefined && sizePreferred !== sizeBytes && !this.#settled) return { kind: 'wait' };
    if (sizeBytes > believedAtOnceBytesMax && !this.#settled) return { kind: 'wait' };
    if (this.#settled) this.#sizeBytes = sizeBytes;
    return this.#content(sizeBytes, answered, current, nowMs);
  }

  #content(
    sizeBytes: number,
    answered: readonly SourceRunner[],
    current: FileFacts | undefined,
    nowMs: number,
  ): Verdict {
    const ofSize = answered.filter((runner) => runner.info?.sizeBytes === sizeBytes);
    const pieceBytes = this.#pieceBytes(sizeBytes, ofSize, current);
    if (pieceBytes === undefined) return { kind: 'wait' };
    // Who states no hashes does not care how the file is cut.
    const same = ofSize.filter(
      ({ source, info }) => this.#contentIsKnown || !source.willHash || info?.pieceBytes === pieceBytes,
    );
    const oddSizes = this.#settled ? answered.filter((runner) => runner.info?.sizeBytes !== sizeBytes) : [];
    const odd = oddSizes.map((runner) => this.#oddSize(runner, sizeBytes));
    odd.push(...ofSize.filter((runner) => !same.includes(runner)).map((runner) => this.#oddPieces(runner, pieceBytes)));
    const voted = !this.#contentIsKnown && current?.sizeBytes === sizeBytes && current.contentId !== undefined;
    const vote = voted ? this.#compare(current.contentId, same) : this.#vote(same, nowMs);
    if (vote.kind === 'tie') return { kind: 'disagree', error: this.#contentsDisagree(same) };
    const contentId = vote.kind === 'decided' ? vote.contentId : undefined;
    const others = vote.kind === 'decided' ? vote.others : [];
    const digests = this.#voteDigest(same);
    if (digests.kind === 'tie') return { kind: 'disagree', error: this.#digestsDisagree(same) };
    const otherDigests = digests.kind === 'decided' ? digests.others : [];
    for (const id of otherDigests) odd.push(...this.#oddDigest(this.#runners[id]));
    for (const id of others) odd.push(...this.#oddContent(this.#runners[id], contentId ?? ''));
    const good = same.filter((runner) => !others.includes(runner.id) && !otherDigests.includes(runner.id));
    const info = good[0]?.info ?? same[0]?.info ?? (current?.sizeBytes === sizeBytes ? current : undefined);
    if (info === undefined) return { kind: 'wait' };
    const facts = { name: info.name, sizeBytes, pieceBytes: info.pieceBytes, contentId };
    return { kind: 'agree', facts, good, odd };
  }

  /**
   * How the file is cut: as it has begun, else as the protocol has it. Other pieces are believed only where all that have
   * answered in time cut the file like that: nobody who comes first is to keep those out who do it right.
   */
  #pieceBytes(sizeBytes: number, ofSize: readonly SourceRunner[], current: FileFacts | undefined): number | undefined {
    if (current?.sizeBytes === sizeBytes) return current.pieceBytes;
    const usual = choosePieceBytes(sizeBytes);
    if (this.#contentIsKnown || ofSize.some((runner) => runner.info?.pieceBytes === usual)) return usual;
    return this.#settled ? ofSize[0]?.info?.pieceBytes : undefined;
  }

  #vote(same: readonly SourceRunner[], nowMs: number): ReturnType<typeof voteContent> {
    if (this.#contentIsKnown) return { kind: 'pending' };
    // Who never states an id has no vote, and keeps nobody waiting.
    const voting = same.filter((runner) => runner.source.willHash);
    const claims = voting.map((runner) => ({ source: runner.id, contentId: runner.info?.contentId }));
    if (claims.some((claim) => claim.contentId !== undefined)) this.#firstContentMs ??= nowMs;
    const outOfPatience = nowMs - (this.#firstContentMs ?? nowMs) > hashingPatienceMs;
    const preferred = this.#preferred?.contentId;
    if (preferred !== undefined) {
      if (claims.some((claim) => claim.contentId === preferred)) return this.#compare(preferred, same);
      if (!this.#settled) return { kind: 'pending' };
    }
    const spoken = claims.filter((claim) => claim.contentId !== undefined);
    const mayVote = this.#runners.filter((runner) => !runner.isStopped && runner.source.willHash);
    const voters = this.#settled ? voting.length : mayVote.length;
    return voteContent(
      outOfPatience ? spoken : claims,
      outOfPatience ? spoken.length : voters,
      this.#settled,
      this.#trusted,
    );
  }

  /** Hashes of the whole file, which sources without content ids may state. */
  #voteDigest(same: readonly SourceRunner[]): ReturnType<typeof voteContent> {
    const stating = same.filter((runner) => !runner.source.willHash && runner.info?.sha256 !== undefined);
    if (this.#contentIsKnown || stating.length < 2) return { kind: 'pending' };
    const claims = stating.map((runner) => ({ source: runner.id, contentId: runner.info?.sha256 }));
    const others = this.#runners.filter((r) => !r.isStopped && r.info === undefined && r.faults === 0);
    return voteContent(claims, stating.length + (this.#settled ? 0 : others.length), this.#settled, this.#trusted);
  }

  get #trusted(): ReadonlySet<SourceId> {
    return new Set(this.#runners.filter(this.#trusts).map((runner) => runner.id));
  }

  #compare(contentId: string, same: readonly SourceRunner[]): ReturnType<typeof voteContent> {
    const differs = same.filter((r) => r.info?.contentId !== undefined && r.info.contentId !== contentId);
    return { kind: 'decided', contentId, others: differs.map((runner) => runner.id) };
  }

  #oddSize(runner: SourceRunner, sizeBytes: number): { runner: SourceRunner; error: ManygetError } {
    const text = `${runner.source.label} holds a file of ${runner.info?.sizeBytes ?? 0} bytes, expected ${sizeBytes} bytes as the others state; it is left out`;
    return { runner, error: new ManygetError('size-differs', text) };
  }

  #oddPieces(runner: SourceRunner, pieceBytes: number): { runner: SourceRunner; error: ManygetError } {
    const text = `${runner.source.label} cuts the file into pieces of ${runner.info?.pieceBytes ?? 0} bytes, expected ${pieceBytes}; it is left out`;
    return { runner, error: new ManygetError('content-differs', text) };
  }

  #oddContent(runner: SourceRunner | undefined, contentId: string): { runner: SourceRunner; error: ManygetError }[] {
    if (runner === undefined) return [];
    const text = `${runner.source.label} holds other bytes (content id ${short(runner.info?.contentId)}, expected ${short(contentId)}); it is left out`;
    return [{ runner, error: new ManygetError('content-differs', text) }];
  }

  #oddDigest(runner: SourceRunner | undefined): { runner: SourceRunner; error: ManygetError }[] {
    if (runner === undefined) return [];
    const text = `${runner.source.label} states another SHA-256 (${short(runner.info?.sha256)}) than most; it is left out`;
    return [{ runner, error: new ManygetError('content-differs', text) }];
  }

  #digestsDisagree(same: readonly SourceRunner[]): ManygetError {
    const parts = same.map((runner) => `${short(runner.info?.sha256)} at ${runner.source.label}`);
    return new ManygetError(
      'sources-disagree',
      `the sources state different hashes and no majority says which is right: SHA-256 ${parts.join(', ')}; --trust names the one to believe`,
    );
  }

  #sizesDisagree(groups: readonly ClaimGroup[]): ManygetError {
    const parts = groups.map((g) => `${g.sizeBytes} bytes at ${g.sources.map((s) => this.#label(s)).join(', ')}`);
    return new ManygetError(
      'sources-disagree',
      `the sources hold different files and no majority says which is right: ${parts.join('; ')}; --trust names the one to believe`,
    );
  }

  #contentsDisagree(same: readonly SourceRunner[]): ManygetError {
    const parts = same.map((runner) => `${short(runner.info?.contentId)} at ${runner.source.label}`);
    return new ManygetError(
      'sources-disagree',
      `the sources hold different bytes and no majority says which are right: content id ${parts.join(', ')}; --trust names the one to believe`,
    );
  }

  #label(source: number): string {
    return this.#runners[source]?.source.label ?? `source ${source}`;
  }
}

function short(contentId: string | undefined): string {
  return contentId === undefined ? 'not known yet' : contentId.slice(0, 12);
}
