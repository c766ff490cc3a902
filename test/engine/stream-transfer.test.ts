import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Link } from '../../src/engine/link.js';
import { StreamTransfer } from '../../src/engine/stream-transfer.js';
import { PartFile } from '../../src/store/part-file.js';
import { mib, seededBytes } from '../support/download-lab.js';
import { FaultyDisk } from '../support/faulty-disk.js';
import { tempFolder } from '../support/temp-folder.js';

it('has bytes land where they belong that a socket was reading while what came before was written', () => {
  const partPath = path.join(tempFolder(), 'f.part');
  const part = PartFile.open(new FaultyDisk(), partPath, 0, { fresh: true });
  const right = seededBytes(2.5 * mib, 3);
  const ends: number[] = [];
  const faults: string[] = [];
  const stream = new StreamTransfer({
    part,
    link: { runner: { wrote: () => undefined } } as unknown as Link,
    mayTakeTo: () => Infinity,
    onEnd: (sizeBytes) => ends.push(sizeBytes),
    onFail: (error) => faults.push(error.message),
  });
  stream.start(0, Number.MAX_SAFE_INTEGER);
  // A portion of each size that does not fill blocks evenly; the disk is flushed while the socket holds its target.
  for (let at = 0; at < right.length;) {
    const target = stream.target(300_000);
    if (target === undefined) throw new Error('there is no room');
    const bytes = Math.min(target.length, right.length - at, 123_457);
    expect(stream.flush()).toBe(true);
    expect(stream.writtenBytes).toBe(at);
    target.set(right.subarray(at, at + bytes));
    stream.filled(bytes);
    at += bytes;
  }
  stream.ended();
  expect(faults).toEqual([]);
  expect(ends).toEqual([right.length]);
  expect(readFileSync(partPath).equals(right)).toBe(true);
});
