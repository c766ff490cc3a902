import { describe, expect, it } from 'vitest';
import type { ByteRange } from '../../src/base/byte-range.js';
import type { SourceId } from '../../src/base/ids.js';
import { Ledger } from '../../src/core/ledger.js';
import type { Run } from '../../src/core/provenance.js';
import { sampleLimits } from '../../src/core/sample-plan.js';
import { Audit } from '../../src/engine/audit.js';
import type { SourceRunner } from '../../src/engine/source-runner.js';
import type { SampleAnswer, Sampler } from '../../src/sources/source.js';
import type { PartFile } from '../../src/store/part-file.js';
import { randomBytesOf } from '../support/random-bytes.js';

const { stretchBytes } = sampleLimits;
const stretches = 64;
const sizeBytes = stretches * stretchBytes;
const tickMs = 50;
const right = randomBytesOf(sizeBytes);
const first = 0 as SourceId;
const second = 1 as SourceId;

/** Three sources that hold `right`, and answer when the test says so; a stretch comes in a tick. */
class AuditLab {
  readonly audit: Audit;
  readonly ledger = new Ledger(sizeBytes, 4 * stretchBytes);
  readonly questions: { source: number; ranges: readonly ByteRange[]; answer: () => void }[] = [];
  readonly wrong: number[] = [];
  readonly settled: boolean[] = [];
  /** What is in the file, whatever the sources hold. */
  readonly file = Buffer.from(right);
  ordered: Run[] = [];
  nowMs = 0;

  constructor() {
    this.audit = new Audit({
      part: { read: (target: Uint8Array, offset: number) => this.file.copy(target, 0, offset) } as unknown as PartFile,
      ledger: this.ledger,
      runners: [0, 1, 2].map((id) => this.#runner(id as SourceId)),
      ordered: () => this.ordered,
      hasLeftAll: () => false,
      trusts: () => false,
      endIsKnown: false,
      random: () => 0.5,
      nowMs: () => this.nowMs,
      onWrong: (runner) => this.wrong.push(runner.id),
      onSpoilt: () => undefined,
      onFail: (error) => {
        throw error;
      },
      onSettled: () => this.settled.push(true),
    });
  }

  /** `count` stretches more are here, one a tick, from `source`. */
  async bring(count: number, source = first): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const at = this.ledger.receivedBytes;
      this.ledger.receive(at, at + stretchBytes, source);
      await this.tick();
    }
  }

  async tick(): Promise<void> {
    this.nowMs += tickMs;
    this.audit.tick(0);
    await Promise.resolve();
  }

  async answerAll(): Promise<void> {
    while (this.questions.length > 0) {
      this.questions.shift()?.answer();
      for (let i = 0; i < 4; i += 1) await Promise.resolve();
    }
  }

  #runner(id: SourceId): SourceRunner {
    const sampler: Sampler = {
      rangesAtOnce: 64,
      questionsAtOnce: 100,
      ask: (ranges) => {
        const parts = ranges.map(({ start, end }) => right.subarray(start, end));
        return new Promise<SampleAnswer>((resolve) => {
          const answer = (): void => resolve({ isAsGuessed: false, parts, costBytes: 200 });
          this.questions.push({ source: id, ranges, answer });
        });
      },
      close: () => undefined,
    };
    const source = { label: `source ${id}`, sampler: () => sampler };
    return { id, isStopped: false, info: { traits: { ranges: true } }, source } as unknown as SourceRunner;
  }
}

/** All but the last stretch is here and compared; that is on order with the first source, and was asked about. */
async function atTheLastStretch(): Promise<AuditLab> {
  const lab = new AuditLab();
  const start = (stretches - 1) * stretchBytes;
  await lab.bring(stretches - 2);
  await lab.answerAll();
  lab.ordered = [{ start, end: sizeBytes, source: first }];
  await lab.bring(1);
  const asked = lab.questions.filter(({ ranges }) => ranges.some((range) => range.start >= start));
  expect(asked.map(({ source }) => source).sort((a, b) => a - b)).toEqual([1, 2]);
  return lab;
}

describe('the last bytes of a download', () => {
  it('are asked about before they are here, and then nothing is left to wait for', async () => {
    const lab = await atTheLastStretch();
    await lab.answerAll();
    await lab.bring(1);
    expect(lab.audit.isSettled).toBe(true);
    expect(lab.questions).toEqual([]);
    expect(lab.audit.summary).toContain(`${stretches} of ${stretches} stretches`);
  });

  it('are waited for where an answer is late', async () => {
    const lab = await atTheLastStretch();
    await lab.bring(1);
    expect(lab.audit.isSettled).toBe(false);
    await lab.answerAll();
    expect(lab.audit.isSettled).toBe(true);
    expect(lab.audit.summary).toContain(`${stretches} of ${stretches} stretches`);
  });

  it('are asked about anew where another source than that one brings them', async () => {
    const lab = await atTheLastStretch();
    await lab.answerAll();
    await lab.bring(1, second);
    expect(lab.audit.isSettled).toBe(false);
    expect(lab.questions.map(({ source }) => source).sort((a, b) => a - b)).toEqual([0, 2]);
    await lab.answerAll();
    expect(lab.audit.summary).toContain(`${stretches} of ${stretches} stretches`);
  });

  it('are found to be wrong by what was said before', async () => {
    const lab = await atTheLastStretch();
    await lab.answerAll();
    lab.file.fill(0, (stretches - 1) * stretchBytes);
    await lab.bring(1);
    expect(lab.audit.isSettled).toBe(false);
    await lab.answerAll();
    await lab.tick();
    expect(lab.audit.summary).not.toContain('all alike');
  });

  it('are asked about anew where they are missing again', async () => {
    const lab = await atTheLastStretch();
    await lab.answerAll();
    lab.audit.forget((stretches - 1) * stretchBytes, sizeBytes);
    await lab.bring(1);
    expect(lab.audit.isSettled).toBe(false);
    expect(lab.questions.length).toBeGreaterThan(0);
  });
});
