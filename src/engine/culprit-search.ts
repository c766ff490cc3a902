import { createHash } from 'node:crypto';
import type { ByteRange } from '../base/byte-range.js';
import { ManygetError } from '../base/errors.js';
import type { HashAlgorithm } from '../base/hash-algorithm.js';
import type { SourceId } from '../base/ids.js';
import type { Ledger } from '../core/ledger.js';
import { sampleLimits } from '../core/sample-plan.js';
import type { Sampler } from '../sources/source.js';
import type { PartFile } from '../store/part-file.js';
import type { SourceRunner } from './source-runner.js';

const askBytes = 1024 * 1024;
/** Of bytes that differ between two sources so much is kept, to try which are right; with more there is nothing to try. */
const keptBytesMax = 64 * 1024 * 1024;

/** A place where a source holds other bytes than it or another one delivered. */
interface Difference {
  readonly start: number;
  readonly deliverer: SourceId;
  readonly source: SourceId;
  /** What `source` holds there. */
  readonly bytes: Uint8Array;
}

interface CulpritSearchParts {
  readonly ledger: Ledger;
  readonly part: PartFile;
  readonly runners: readonly SourceRunner[];
  readonly algorithm: HashAlgorithm;
  /** Hex; what the whole file has to have. */
  readonly expected: string;
  readonly signal: AbortSignal;
}

type CulpritFinding =
  /** The first difference, where there are others to ask about it. */
  | { readonly kind: 'disputed'; readonly difference: Difference }
  /** With this source's bytes replaced by the other's the file has the expected hash. */
  | { readonly kind: 'culprit'; readonly runner: SourceRunner; readonly rightRunner: SourceRunner }
  /** All sources hold the same bytes as the file, or nothing that they hold makes it right. */
  | { readonly kind: 'nobody' };

/**
 * The file is whole and does not have its hash: finds out whose bytes are wrong, by reading all of them again from
 * somebody else. Costs as much traffic as the file has bytes, at the most, and nobody has to pay it but who would fail.
 */
export async function findCulprit(parts: CulpritSearchParts): Promise<CulpritFinding> {
  const able = parts.runners.filter((r) => !r.isStopped && r.info?.traits.ranges === true && 'sampler' in r.source);
  if (able.length === 0) return { kind: 'nobody' };
  const samplers = new Map(able.map((runner) => [runner.id, runner.source.sampler?.()] as const));
  const stop = (): void => samplers.forEach((sampler) => sampler?.close());
  parts.signal.addEventListener('abort', stop, { once: true });
  try {
    const differences = await readAll(parts, able, samplers);
    const kept = differences.reduce((sum, difference) => sum + difference.bytes.length, 0);
    const [first] = differences;
    if (first === undefined) return { kind: 'nobody' };
    const isOneOfTwo = able.length === 2 && able.some((runner) => runner.id === first.deliverer);
    if (!isOneOfTwo) return { kind: 'disputed', difference: narrowed(parts.part, first) };
    return kept > keptBytesMax ? { kind: 'nobody' } : await tryBoth(parts, able, differences);
  } finally {
    parts.signal.removeEventListener('abort', stop);
    stop();
  }
}

/** Reads every byte once more, each from somebody who did not deliver it; with three sources up to the first difference. */
async function readAll(
  parts: CulpritSearchParts,
  able: readonly SourceRunner[],
  samplers: ReadonlyMap<SourceId, Sampler | undefined>,
): Promise<Difference[]> {
  const found: Difference[] = [];
  let kept = 0;
  const queues = new Map<SourceId, { range: ByteRange; deliverer: SourceId }[]>(able.map((r) => [r.id, []]));
  let turn = 0;
  for (let at = 0; at < parts.ledger.sizeBytes; at += askBytes) {
    for (const run of parts.ledger.runs(at, Math.min(at + askBytes, parts.ledger.sizeBytes))) {
      const others = able.filter((r) => r.id !== run.source);
      const other = others[turn % others.length];
      turn += 1;
      if (other !== undefined) queues.get(other.id)?.push({ range: run, deliverer: run.source });
    }
  }
  const isEnough = (): boolean => (able.length > 2 && found.length > 0) || kept > keptBytesMax;
  await Promise.all(
    able.map(async (runner) => {
      for (const { range, deliverer } of queues.get(runner.id) ?? []) {
        if (isEnough() || parts.signal.aborted) return;
        const bytes = await readRange(samplers.get(runner.id), range);
        if (bytes === undefined) continue;
        const start = firstDifference(parts.part, range.start, bytes);
        if (start === undefined) continue;
        found.push({ start: range.start, deliverer, source: runner.id, bytes });
        kept += bytes.length;
      }
    }),
  );
  if (parts.signal.aborted) throw new ManygetError('aborted', 'the search for wrong bytes was stopped');
  return found;
}

/** The first bytes of it that differ, as many as a sample has. */
function narrowed(part: PartFile, difference: Difference): Difference {
  const start = firstDifference(part, difference.start, difference.bytes) ?? difference.start;
  const from = start - difference.start;
  return { ...difference, start, bytes: difference.bytes.slice(from, from + sampleLimits.sampleBytes) };
}

async function readRange(sampler: Sampler | undefined, range: ByteRange): Promise<Uint8Array | undefined> {
  try {
    const { parts } = (await sampler?.ask([{ start: range.start, end: range.end }])) ?? { parts: [] };
    return parts[0];
  } catch {
    // Who cannot be read says nothing; without anybody's word nobody is found.
    return undefined;
  }
}

/** File offset of the first byte of the part file that is another than in `bytes`. */
function firstDifference(part: PartFile, offset: number, bytes: Uint8Array): number | undefined {
  const onDisk = new Uint8Array(bytes.length);
  part.read(onDisk, offset);
  if (Buffer.compare(onDisk, bytes) === 0) return undefined;
  return offset + onDisk.findIndex((byte, i) => byte !== bytes[i]);
}

/** Two sources, and a hash: which one's bytes, replaced by the other's, make the file right? */
async function tryBoth(
  parts: CulpritSearchParts,
  able: readonly SourceRunner[],
  differences: readonly Difference[],
): Promise<CulpritFinding> {
  for (const runner of able) {
    const patches = differences.filter((d) => d.deliverer === runner.id);
    const rightRunner = able.find((r) => r !== runner);
    if (patches.length === 0 || rightRunner === undefined) continue;
    if ((await hashWith(parts, patches)) === parts.expected) return { kind: 'culprit', runner, rightRunner };
  }
  return { kind: 'nobody' };
}

/** The hash of the part file with other bytes in some places. */
async function hashWith(parts: CulpritSearchParts, patches: readonly Difference[]): Promise<string> {
  const hash = createHash(parts.algorithm);
  const { sizeBytes } = parts.ledger;
  for (let at = 0; at < sizeBytes; at += askBytes) {
    const block = new Uint8Array(Math.min(askBytes, sizeBytes - at));
    parts.part.read(block, at);
    for (const { start, bytes } of patches) {
      const from = Math.max(start, at);
      const to = Math.min(start + bytes.length, at + block.length);
      if (from < to) block.set(bytes.subarray(from - start, to - start), from - at);
    }
    hash.update(block);
    // Sockets and timers get their turn.
    await new Promise((resolve) => setImmediate(resolve));
    if (parts.signal.aborted) throw new ManygetError('aborted', 'the search for wrong bytes was stopped');
  }
  return hash.digest('hex');
}
