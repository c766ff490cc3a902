import { describe, expect, it } from 'vitest';
import type { SourceId } from '../../src/base/ids.js';
import { Mirrors, type Verdict } from '../../src/engine/mirrors.js';
import type { FileFacts } from '../../src/engine/resume-state.js';
import type { SourceRunner } from '../../src/engine/source-runner.js';
import type { JournalReplay } from '../../src/store/journal.js';

interface FakeRunner {
  id: SourceId;
  isStopped: boolean;
  faults: number;
  unsizedName?: string;
  info: { name: string; sizeBytes: number; pieceBytes: number; contentId: string | undefined } | undefined;
  source: { label: string; willHash: boolean };
}

/** Sources as the mirrors see them; `size` undefined: it has not answered yet. */
function runners(...answers: readonly { size?: number; content?: string; faults?: number }[]): FakeRunner[] {
  return answers.map(({ size, content, faults }, i) => ({
    id: i as SourceId,
    isStopped: false,
    faults: faults ?? 0,
    info: size === undefined ? undefined : facts(size, content),
    source: { label: `server ${i}`, willHash: true },
  }));
}

function facts(sizeBytes: number, contentId?: string): FileFacts {
  return { name: 'file', sizeBytes, pieceBytes: 256 * 1024, contentId };
}

function mirrorsOf(fakes: readonly FakeRunner[]): Mirrors {
  return new Mirrors(fakes as unknown as readonly SourceRunner[]);
}

function earlier(sizeBytes: number, contentId?: string): JournalReplay {
  return { header: { sizeBytes }, contentId } as unknown as JournalReplay;
}

/** The verdict in short. */
function short(verdict: Verdict): unknown {
  if (verdict.kind === 'wait') return 'wait';
  if (verdict.kind === 'disagree') return verdict.error.code;
  return {
    size: verdict.facts.sizeBytes,
    content: verdict.facts.contentId,
    good: verdict.good.map((r) => r.id),
    odd: verdict.odd.map(({ runner, error }) => `${runner.id} ${error.code}`),
  };
}

describe('sizes', () => {
  it('nobody has stated are waited for', () => {
    expect(short(mirrorsOf(runners({}, {})).judge(0, undefined))).toBe('wait');
  });

  it('of the first to answer are believed at once, and nothing is final', () => {
    const mirrors = mirrorsOf(runners({ size: 10 }, {}, {}));
    expect(short(mirrors.judge(0, undefined))).toEqual({ size: 10, content: undefined, good: [0], odd: [] });
    expect(mirrors.isSettled).toBe(false);
  });

  it('of one that states no hashes hold however an earlier run has cut the file', () => {
    const fakes = runners({ size: 10 });
    for (const { source } of fakes) source.willHash = false;
    const current = { ...facts(10), pieceBytes: 512 * 1024 };
    expect(short(mirrorsOf(fakes).judge(0, current))).toMatchObject({ good: [0], odd: [] });
  });

  it('of the majority win over the first to answer', () => {
    const fakes = runners({ size: 10 }, {}, {});
    const mirrors = mirrorsOf(fakes);
    mirrors.judge(0, undefined);
    for (const fake of fakes.slice(1)) fake.info = facts(20);
    expect(short(mirrors.judge(1, facts(10)))).toEqual({
      size: 20,
      content: undefined,
      good: [1, 2],
      odd: ['0 size-differs'],
    });
    expect(mirrors.isSettled).toBe(true);
  });

  it('that tie are waited on while somebody may still speak, then refused', () => {
    const fakes = runners({ size: 10 }, { size: 20 }, {});
    const mirrors = mirrorsOf(fakes);
    expect(short(mirrors.judge(0, undefined))).toBe('wait');
    expect(short(mirrors.judge(1001, undefined))).toBe('sources-disagree');
  });

  it('that tie are decided by the last one', () => {
    const fakes = runners({ size: 10 }, { size: 20 }, {});
    const mirrors = mirrorsOf(fakes);
    mirrors.judge(0, undefined);
    const [, , last] = fakes;
    if (last !== undefined) last.info = facts(20);
    expect(short(mirrors.judge(1, undefined))).toMatchObject({ size: 20, odd: ['0 size-differs'] });
  });

  it('are settled by those who answered, once the others have failed', () => {
    const mirrors = mirrorsOf(runners({ size: 10 }, { faults: 1 }));
    mirrors.judge(0, undefined);
    expect(mirrors.isSettled).toBe(true);
  });

  it('are settled where the others have answered without one', () => {
    const fakes = runners({}, { size: 10 });
    const mirrors = mirrorsOf(fakes);
    mirrors.judge(0, undefined);
    expect(mirrors.isSettled).toBe(false);
    for (const fake of fakes.slice(0, 1)) fake.unsizedName = 'file';
    expect(short(mirrors.judge(0, undefined))).toMatchObject({ size: 10, good: [1] });
    expect(mirrors.isSettled).toBe(true);
  });

  it('that were decided are not decided anew, however many differ later', () => {
    const fakes = runners({ size: 10 }, { faults: 1 }, { faults: 1 });
    const mirrors = mirrorsOf(fakes);
    mirrors.judge(0, undefined);
    for (const fake of fakes.slice(1)) fake.info = facts(20);
    const odd = ['1 size-differs', '2 size-differs'];
    expect(short(mirrors.judge(50, facts(10)))).toMatchObject({ size: 10, good: [0], odd });
  });

  it('that were decided stay, even when nobody holds them any more', () => {
    const fakes = runners({ size: 10 });
    const mirrors = mirrorsOf(fakes);
    mirrors.judge(0, undefined);
    const [only] = fakes;
    if (only !== undefined) only.info = facts(11);
    expect(short(mirrors.judge(50, facts(10)))).toMatchObject({ size: 10, good: [], odd: ['0 size-differs'] });
  });
});

describe('sizes beside an earlier run', () => {
  it('are those of the earlier run, against any majority', () => {
    const mirrors = mirrorsOf(runners({ size: 20 }, { size: 20 }, { size: 10 }));
    mirrors.prefer(earlier(10));
    const odd = ['0 size-differs', '1 size-differs'];
    expect(short(mirrors.judge(0, undefined))).toMatchObject({ size: 10, good: [2], odd });
  });

  it('are waited for while somebody may still state them', () => {
    const fakes = runners({ size: 20 }, {});
    const mirrors = mirrorsOf(fakes);
    mirrors.prefer(earlier(10));
    expect(short(mirrors.judge(0, undefined))).toBe('wait');
    expect(short(mirrors.judge(1001, undefined))).toMatchObject({ size: 20 });
  });
});

describe('contents', () => {
  it('are those of more than half, although not all have hashed', () => {
    const mirrors = mirrorsOf(runners({ size: 9, content: 'a' }, { size: 9, content: 'a' }, { size: 9 }));
    expect(short(mirrors.judge(0, undefined))).toEqual({ size: 9, content: 'a', good: [0, 1, 2], odd: [] });
  });

  it('of the minority are odd', () => {
    const mirrors = mirrorsOf(runners({ size: 9, content: 'b' }, { size: 9, content: 'a' }, { size: 9, content: 'a' }));
    expect(short(mirrors.judge(0, undefined))).toMatchObject({
      content: 'a',
      good: [1, 2],
      odd: ['0 content-differs'],
    });
  });

  it('that tie are refused once all have spoken', () => {
    const mirrors = mirrorsOf(runners({ size: 9, content: 'b' }, { size: 9, content: 'a' }));
    expect(short(mirrors.judge(0, undefined))).toBe('sources-disagree');
  });

  it('are decided without those who never state any', () => {
    const fakes = runners({ size: 9, content: 'a' }, { size: 9 }, { size: 9 });
    for (const fake of fakes.slice(1)) fake.source.willHash = false;
    expect(short(mirrorsOf(fakes).judge(0, undefined))).toMatchObject({ content: 'a', good: [0, 1, 2] });
  });

  it('of the only one that has hashed are believed after a while', () => {
    const mirrors = mirrorsOf(runners({ size: 9, content: 'a' }, { size: 9 }));
    expect(short(mirrors.judge(0, undefined))).toMatchObject({ content: undefined, good: [0, 1] });
    expect(short(mirrors.judge(5001, facts(9)))).toMatchObject({ content: 'a', good: [0, 1] });
  });

  it('that come late are compared with what was decided', () => {
    const fakes = runners({ size: 9, content: 'a' }, { size: 9, content: 'a' }, { size: 9 });
    const mirrors = mirrorsOf(fakes);
    mirrors.judge(0, undefined);
    const [, , last] = fakes;
    if (last !== undefined) last.info = facts(9, 'b');
    expect(short(mirrors.judge(1, facts(9, 'a')))).toMatchObject({ good: [0, 1], odd: ['2 content-differs'] });
  });

  it('are those of an earlier run, against any majority', () => {
    const mirrors = mirrorsOf(runners({ size: 9, content: 'b' }, { size: 9, content: 'b' }, { size: 9, content: 'a' }));
    mirrors.prefer(earlier(9, 'a'));
    const odd = ['0 content-differs', '1 content-differs'];
    expect(short(mirrors.judge(0, undefined))).toMatchObject({ content: 'a', good: [2], odd });
  });
});

describe('a hash of the whole file, as HTTP servers state it', () => {
  function stating(...digests: readonly string[]): FakeRunner[] {
    return runners(...digests.map(() => ({ size: 10 }))).map((fake, i) => ({
      ...fake,
      info: { ...facts(10), sha256: digests[i] },
      source: { ...fake.source, willHash: false },
    }));
  }

  it('that differs from most is left out', () => {
    expect(short(mirrorsOf(stating('aa', 'bb', 'aa')).judge(2000, undefined))).toMatchObject({
      good: [0, 2],
      odd: ['1 content-differs'],
    });
  });

  it('that ties is refused, unless one of them is trusted', () => {
    expect(short(mirrorsOf(stating('aa', 'bb')).judge(2000, undefined))).toBe('sources-disagree');
    const fakes = stating('aa', 'bb') as unknown as readonly SourceRunner[];
    const mirrors = new Mirrors(fakes, false, (runner) => runner.id === 1);
    expect(short(mirrors.judge(2000, undefined))).toMatchObject({ good: [1], odd: ['0 content-differs'] });
  });
});
