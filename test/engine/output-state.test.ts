import { linkSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { OutputState } from '../../src/engine/output-state.js';
import { seededBytes } from '../support/download-lab.js';
import { FaultyDisk } from '../support/faulty-disk.js';
import { tempFolder } from '../support/temp-folder.js';

const mib = 1024 * 1024;

/** What was discarded is on its way to the disk yet: it goes nowhere near the file that is begun in its place. */
it('begins anew beside writes that have not landed, not under them', async () => {
  const disk = new FaultyDisk();
  const state = new OutputState(disk, { output: path.join(tempFolder(), 'out'), resume: false, overwrite: false });
  state.open('out', () => undefined);
  const facts = { name: 'out', pieceBytes: mib, contentId: undefined };
  const { part } = state.begin({ ...facts, sizeBytes: 2 * mib });
  expect(part.openDirect()).toBe(true);
  let land = (): void => undefined;
  disk.landing = () => new Promise<void>((resolve) => (land = resolve));
  // Memory that O_DIRECT takes need not be had here: what it refuses goes the ordinary way, as late.
  const late = part.writeDirect(seededBytes(mib, 1), 0);
  const next = { ...facts, sizeBytes: mib };
  state.discard(next);
  const right = seededBytes(mib, 2);
  state.begin(next).part.write(right, 0, mib, 0);
  land();
  await late;
  expect(readFileSync(state.partPath).equals(right)).toBe(true);
  state.close();
});

it('says once that the journal could not be made shorter', async () => {
  const disk = new FaultyDisk();
  const state = new OutputState(disk, { output: path.join(tempFolder(), 'out'), resume: true, overwrite: false });
  const told: string[] = [];
  state.open('out', (text) => told.push(text));
  const { journal } = state.begin({ name: 'out', pieceBytes: mib, contentId: undefined, sizeBytes: 8 * mib });
  journal.sourceIndex('mgp://127.0.0.1:9001/a.bin');
  for (let i = 0; journal.bytes + journal.pendingBytes < 5 * mib; i += 1) {
    const start = (i * 4096) % (8 * mib);
    journal.append({ type: 'extent', start, end: start + 4096, crc32: 1, source: 0 });
  }
  journal.flush();
  disk.fail('rename', 'ENOSPC');
  await state.sync();
  await state.sync();
  expect(told).toEqual([expect.stringContaining('no space')]);
  state.close();
});

/** A run was cut off between giving the final name and taking the old one away. */
it('writes nothing into a finished file that it is to replace, though the part file is the same one', () => {
  const output = path.join(tempFolder(), 'out');
  writeFileSync(output, 'whole');
  linkSync(output, `${output}.part`);
  const state = new OutputState(new FaultyDisk(), { output, resume: false, overwrite: true });
  state.open('out', () => undefined);
  state.begin({ name: 'out', pieceBytes: mib, contentId: undefined, sizeBytes: mib });
  expect(readFileSync(output, 'utf8')).toBe('whole');
  state.close();
});
