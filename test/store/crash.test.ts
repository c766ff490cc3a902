import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ManygetError } from '../../src/base/errors.js';
import { Journal } from '../../src/store/journal.js';
import { completeCutFinish, directUnitBytes, PartFile } from '../../src/store/part-file.js';
import { verifyExtents } from '../../src/store/resume-check.js';
import { Crash, MemoryDisk } from '../support/memory-disk.js';
import { Random } from '../support/random.js';

/**
 * A small download, cut off at every single write, sync, rename and unlink, by the death of the process or by a power
 * loss, and gone on with: the final name never holds a wrong byte, no wrong byte is ever believed, nothing that was
 * promised to survive is lost, and at the end the folder holds the file alone.
 */
const pieceBytes = 4096;
const sizeBytes = 5 * pieceBytes + 700;
/** How much is written at once: anything through the page cache, whole pages past it. */
const stepBytes = { cached: 1500, direct: directUnitBytes } as const;
type Way = keyof typeof stepBytes;
const truth = Uint8Array.from({ length: sizeBytes }, (_, i) => 1 + (Math.imul(i, 2654435761) >>> 25));
const output = '/home/a.bin';
const partPath = `${output}.part`;
const journalPath = `${partPath}.journal`;

/** A 1 for each byte that must survive: of a kill all that was flushed, of a power loss all that was synced. */
interface Promised {
  flushed: Uint8Array;
  synced: Uint8Array;
}

function nothing(): Promised {
  return { flushed: new Uint8Array(sizeBytes), synced: new Uint8Array(sizeBytes) };
}

class Ledger {
  readonly received = new Uint8Array(sizeBytes);
  readonly verified = new Set<number>();

  mark(start: number, end: number): void {
    this.received.fill(1, start, end);
  }

  /** Pieces whose bytes are all there and that were not verified yet. */
  *complete(): Generator<number> {
    for (let index = 0; index * pieceBytes < sizeBytes; index += 1) {
      const [start, end] = pieceRange(index);
      if (!this.verified.has(index) && !this.received.subarray(start, end).includes(0)) yield index;
    }
  }

  get bytes(): Uint8Array {
    return this.received.slice();
  }
}

function pieceRange(index: number): [number, number] {
  return [index * pieceBytes, Math.min((index + 1) * pieceBytes, sizeBytes)];
}

function sha256(index: number): Uint8Array {
  return createHash('sha256')
    .update(truth.subarray(...pieceRange(index)))
    .digest();
}

async function openOrResume(disk: MemoryDisk, ledger: Ledger): Promise<{ part: PartFile; journal: Journal }> {
  const opening = disk.look(partPath) === undefined ? { damaged: 'no part file' } : Journal.open(disk, journalPath);
  if (opening.damaged !== undefined) {
    const part = PartFile.open(disk, partPath, sizeBytes, { fresh: true });
    const header = { sizeBytes, pieceBytes, name: 'a.bin', id: '00'.repeat(16), createdMs: 0 };
    return { part, journal: Journal.create(disk, journalPath, header) };
  }
  const { journal, replay } = opening;
  const part = PartFile.open(disk, partPath, sizeBytes, { fresh: false });
  const check = await verifyExtents(part, replay);
  for (const { index } of check.verifiedPieces) {
    ledger.mark(...pieceRange(index));
    ledger.verified.add(index);
  }
  for (const { start, end } of check.verifiedExtents) ledger.mark(start, end);
  for (const { start, end } of check.rejected) journal.append({ type: 'forget', start, end });
  const onDisk = new Uint8Array(sizeBytes);
  part.read(onDisk, 0);
  const believedWrongly = onDisk.findIndex((byte, at) => ledger.received[at] === 1 && byte !== truth[at]);
  expect(believedWrongly, 'the first byte that is wrong and believed').toBe(-1);
  return { part, journal };
}

interface Write {
  readonly start: number;
  readonly end: number;
  readonly source: number;
}

/** The writes of one turn: two connections, one from the front and one from the back half. */
function writesOf(turn: number, way: Way, ledger: Ledger): Write[] {
  const starts = [0, 3 * pieceBytes];
  const writes = starts.map((first, source) => {
    const start = first + turn * stepBytes[way];
    return { start, end: Math.min(start + stepBytes[way], source === 0 ? 3 * pieceBytes : sizeBytes), source };
  });
  return writes.filter(({ start, end }) => start < end && ledger.received.subarray(start, end).includes(0));
}

/** Writes, and writes down what is in the file; past the page cache all of them are under way at once. */
async function write(
  part: PartFile,
  journal: Journal,
  ledger: Ledger,
  writes: readonly Write[],
  way: Way,
): Promise<void> {
  const landed = ({ start, end, source }: Write): void => {
    ledger.mark(start, end);
    journal.append({ type: 'extent', start, end, crc32: crc32(truth.subarray(start, end)), source });
  };
  if (way === 'direct') expect(part.openDirect()).toBe(true);
  const writeOne = async (one: Write): Promise<void> => {
    const { start, end } = one;
    if (way === 'direct' && (end - start) % directUnitBytes === 0) {
      await part.writeDirect(truth.subarray(start, end), start);
    } else part.write(truth, start, end, start);
    landed(one);
  };
  await Promise.all(writes.map(writeOne));
}

/** One run, from wherever the disk stands to the finished file. */
async function run(disk: MemoryDisk, promised: Promised, way: Way = 'cached', ledger = new Ledger()): Promise<void> {
  if (disk.look(output) !== undefined) {
    completeCutFinish(disk, partPath, output);
    for (const name of [journalPath, `${journalPath}.new`, partPath])
      if (disk.look(name) !== undefined) disk.unlink(name);
    return;
  }
  const { part, journal } = await openOrResume(disk, ledger);
  for (let turn = 0; turn < 10; turn += 1) {
    await write(part, journal, ledger, writesOf(turn, way, ledger), way);
    for (const index of ledger.complete()) {
      ledger.verified.add(index);
      journal.append({ type: 'piece', index, sha256: sha256(index), source: 0 });
    }
    journal.flush();
    promised.flushed = ledger.bytes;
    if (turn % 3 === 1) {
      const covered = ledger.bytes;
      await journal.sync(part);
      promised.synced = covered;
    }
    if (turn === 4) await journal.compact();
  }
  journal.append({ type: 'end-of-run' });
  await journal.sync(part);
  promised.synced = ledger.bytes;
  await part.finish(output, { overwrite: false });
  part.close();
  journal.remove();
}

async function crashesOf(disk: MemoryDisk, promised: Promised, way: Way = 'cached'): Promise<boolean> {
  try {
    await run(disk, promised, way);
    return false;
  } catch (error) {
    if (error instanceof Crash || (error instanceof ManygetError && error.cause instanceof Crash)) return true;
    throw error;
  }
}

function isTruth(bytes: Uint8Array | undefined): boolean {
  return bytes !== undefined && Buffer.compare(bytes, truth) === 0;
}

function checkFinal(disk: MemoryDisk): void {
  const final = disk.bytes(output);
  if (final !== undefined) expect(final).toSatisfy(isTruth);
}

/** Cuts a run at `step`, then checks and goes on. False where the run ended before. */
async function crashAt(step: number, how: 'kill' | 'power loss', way: Way, seed: number): Promise<boolean> {
  const disk = new MemoryDisk(new Random(seed * 1000 + step));
  disk.crashAtStep = step;
  const promised: Promised = nothing();
  if (!(await crashesOf(disk, promised, way))) return false;
  const after = how === 'kill' ? disk.afterKill() : disk.afterPowerLoss();
  checkFinal(after);
  const kept = how === 'kill' ? promised.flushed : promised.synced;
  const ledger = new Ledger();
  if (after.look(output) === undefined && after.look(partPath) !== undefined) {
    const { part, journal } = await openOrResume(after, ledger);
    const lost = kept.findIndex((promise, at) => promise === 1 && ledger.received[at] === 0);
    expect(lost, 'the first byte that was promised to survive and did not').toBe(-1);
    part.close();
    journal.close();
  } else if (after.look(output) === undefined) {
    expect(kept.includes(1)).toBe(false);
  }
  await run(after, promised, way);
  expect(after.bytes(output)).toSatisfy(isTruth);
  expect(after.names()).toEqual([output]);
  expect(after.afterPowerLoss().bytes(output)).toSatisfy(isTruth);
  return true;
}

describe('a download that is cut off', () => {
  it.each([
    ['kill', 'cached', 1],
    ['power loss', 'cached', 8],
    ['kill', 'direct', 1],
    ['power loss', 'direct', 8],
  ] as const)('by a %s at any step, its writes being %s, is gone on with and ends right', async (how, way, seeds) => {
    let cuts = 0;
    for (let seed = 1; seed <= seeds; seed += 1) {
      for (let step = 1; await crashAt(step, how, way, seed); step += 1) cuts += 1;
    }
    expect(cuts).toBeGreaterThan(25 * seeds);
  });

  it('twice, at any pair of steps, is gone on with and ends right', async () => {
    for (let first = 1; first < 60; first += 3) {
      for (let second = 1; second < 60; second += 3) {
        const promised: Promised = nothing();
        const disk = new MemoryDisk(new Random(first * 100 + second));
        disk.crashAtStep = first;
        await crashesOf(disk, promised);
        const again = disk.afterPowerLoss();
        checkFinal(again);
        again.crashAtStep = second;
        await crashesOf(again, promised);
        const last = again.afterPowerLoss();
        checkFinal(last);
        await run(last, promised);
        expect(last.bytes(output)).toSatisfy(isTruth);
      }
    }
  });

  it('by a sync that fails does not believe what that sync dropped', async () => {
    for (let failing = 1; failing <= 8; failing += 1) {
      const promised: Promised = nothing();
      const disk = new MemoryDisk(new Random(failing));
      disk.failDataSync = failing;
      let failed = false;
      try {
        await run(disk, promised);
      } catch (error) {
        expect(error).toMatchObject({ code: 'io-failed' });
        failed = true;
      }
      expect(failed).toBe(true);
      // The next run sees the dropped bytes in memory, finishes, and then the power goes.
      const next = disk.afterKill();
      await run(next, promised);
      expect(next.bytes(output)).toSatisfy(isTruth);
      expect(next.afterPowerLoss().bytes(output)).toSatisfy(isTruth);
    }
  });
});
