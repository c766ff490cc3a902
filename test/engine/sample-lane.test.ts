import { describe, expect, it } from 'vitest';
import type { ByteRange } from '../../src/base/byte-range.js';
import { ManygetError } from '../../src/base/errors.js';
import type { SourceId } from '../../src/base/ids.js';
import { SampleLane, type LaneEvents, type SamplePoint } from '../../src/engine/sample-lane.js';
import type { SourceRunner } from '../../src/engine/source-runner.js';
import type { SampleAnswer, Sampler } from '../../src/sources/source.js';

type Reply = (answer: SampleAnswer | ManygetError) => Promise<void>;

/** A lane whose source answers when the test says so. */
class LaneLab implements LaneEvents {
  readonly lane: SampleLane;
  readonly asked: { ranges: readonly ByteRange[]; reply: Reply }[] = [];
  readonly compared: SamplePoint[] = [];
  readonly faults: string[] = [];
  fileIsBroken = false;
  nowMs = 0;
  questionsAtOnce = 1;

  constructor() {
    const sampler: Sampler = {
      rangesAtOnce: 64,
      questionsAtOnce: 1,
      ask: (ranges) => this.#ask(ranges),
      close: () => undefined,
    };
    Object.defineProperty(sampler, 'questionsAtOnce', { get: () => this.questionsAtOnce });
    const runner = { id: 0 as SourceId, isStopped: false } as unknown as SourceRunner;
    this.lane = new SampleLane(runner, sampler, this, () => this.nowMs, false);
  }

  guess(): undefined {
    return undefined;
  }

  answered(_lane: SampleLane, points: readonly SamplePoint[]): void {
    if (this.fileIsBroken) throw new Error('EIO');
    this.compared.push(...points);
  }

  fault(error: ManygetError): void {
    this.faults.push(error.message);
  }

  failed(lane: SampleLane, points: readonly SamplePoint[]): void {
    for (const point of points) lane.add(point);
  }

  add(count: number, isExtra = false): void {
    for (let i = 0; i < count; i += 1) {
      const start = i * 65_536;
      const point = { start, end: start + 16, stretch: i, deliverer: 1 as SourceId, isStale: false, awaited: 1 };
      this.lane.add(point, isExtra);
    }
  }

  /** The newest question is answered with this. */
  async reply(error?: ManygetError): Promise<void> {
    const { ranges, reply } = this.asked.at(-1) ?? { ranges: [], reply: () => Promise.resolve() };
    await reply(error ?? { isAsGuessed: false, parts: ranges.map(() => new Uint8Array(16)), costBytes: 100 });
  }

  #ask(ranges: readonly ByteRange[]): Promise<SampleAnswer> {
    const promise = new Promise<SampleAnswer>((resolve, reject) => {
      const reply: Reply = async (answer) => {
        if (answer instanceof ManygetError) reject(answer);
        else resolve(answer);
        await promise.catch(() => undefined);
      };
      this.asked.push({ ranges, reply });
    });
    return promise;
  }
}

describe('a source that is asked for samples', () => {
  it('and is busy is asked again when it says, as often as it takes, and all is compared in the end', async () => {
    const lab = new LaneLab();
    lab.add(10);
    for (let i = 1; i <= 8; i += 1) {
      lab.lane.pump(true, true);
      expect(lab.asked.length).toBe(i);
      await lab.reply(new ManygetError('server-busy', 'busy', { retryAfterMs: 4000 }));
      lab.nowMs += 3999;
      lab.lane.pump(true, true);
      expect(lab.asked.length).toBe(i);
      lab.nowMs += 1;
    }
    expect(lab.lane.isAlive).toBe(true);
    lab.lane.pump(true, true);
    await lab.reply();
    expect(lab.compared.length).toBe(10);
    expect(lab.lane.hasAnswered).toBe(true);
  });

  it('and is busy without saying for how long is left alone longer each time, up to a limit', async () => {
    const lab = new LaneLab();
    lab.add(1);
    const rests: number[] = [];
    for (let i = 0; i < 7; i += 1) {
      lab.lane.pump(true, true);
      await lab.reply(new ManygetError('server-busy', 'busy'));
      rests.push(lab.lane.notBeforeMs - lab.nowMs);
      lab.nowMs = lab.lane.notBeforeMs;
    }
    expect(rests).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  });

  it('and cannot answer such questions is not asked for ever', async () => {
    const lab = new LaneLab();
    lab.add(1);
    for (let i = 0; i < 3; i += 1) {
      lab.lane.pump(true, true);
      await lab.reply(new ManygetError('http-range', 'no short ranges'));
      lab.nowMs = lab.lane.notBeforeMs;
    }
    expect(lab.lane.isAlive).toBe(false);
  });

  it('has as many questions out as it takes, and rests once where one fault ends them all', async () => {
    const lab = new LaneLab();
    lab.questionsAtOnce = 3;
    lab.add(64 * 4);
    lab.lane.pump(true, true);
    expect(lab.asked.map(({ ranges }) => ranges.length)).toEqual([64, 64, 64]);
    await Promise.all(lab.asked.map(({ reply }) => reply(new ManygetError('connection-lost', 'gone'))));
    expect(lab.lane.notBeforeMs - lab.nowMs).toBe(500);
  });

  it('has the download hear of a file that cannot be read when its answer comes', async () => {
    const lab = new LaneLab();
    lab.fileIsBroken = true;
    lab.add(1);
    lab.lane.pump(true, true);
    await lab.reply();
    await expect.poll(() => lab.faults).toEqual(['EIO']);
  });

  it('is asked first what proves the file, and what only names sources while there is time', () => {
    const lab = new LaneLab();
    const point = { start: 0, end: 16, stretch: 0, deliverer: 1 as SourceId, isStale: false, awaited: 1 };
    lab.lane.add(point, true);
    lab.lane.pump(true, false);
    expect(lab.asked.length).toBe(0);
    lab.lane.pump(true, true);
    expect(lab.asked.length).toBe(1);
  });

  it('says in how long it would answer, and when it does not keep up with what others are asked as well', async () => {
    const lab = new LaneLab();
    lab.add(64);
    lab.lane.pump(true, true);
    lab.nowMs = 500;
    await lab.reply();
    expect(lab.lane.answersInMs).toBe(500);
    lab.add(4 * 64 - 1, true);
    expect(lab.lane.isBehind).toBe(false);
    lab.add(2, true);
    expect(lab.lane.isBehind).toBe(true);
    expect(lab.lane.answersInMs).toBe(500);
    lab.add(127);
    expect(lab.lane.answersInMs).toBe(1000);
  });

  it('is not given up for one kind of question, however many of them are out; for three of no use in a row it is', async () => {
    const lab = new LaneLab();
    lab.questionsAtOnce = 3;
    lab.add(3 * 64);
    lab.lane.pump(true, true);
    const uselessly = async (from: number): Promise<void> => {
      for (const { ranges, reply } of lab.asked.slice(from)) {
        await reply({ isAsGuessed: false, parts: ranges.map(() => undefined), costBytes: 100 });
      }
    };
    expect(lab.asked).toHaveLength(3);
    await uselessly(0);
    expect(lab.lane.isAlive).toBe(true);
    lab.questionsAtOnce = 1;
    for (let i = 3; i < 5; i += 1) {
      expect(lab.lane.isAlive).toBe(true);
      lab.add(1);
      lab.lane.pump(true, true);
      await uselessly(i);
    }
    expect(lab.lane.isAlive).toBe(false);
  });
});
