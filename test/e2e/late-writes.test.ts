import { expect, it } from 'vitest';
import type { PartFile } from '../../src/store/part-file.js';
import type { FileFacts } from '../../src/engine/resume-state.js';
import { OutputState } from '../../src/engine/output-state.js';
import { DownloadLab, eventsOf, mib, seededBytes, until } from '../support/download-lab.js';
import { getOnto } from '../support/download-onto.js';
import { FaultyDisk } from '../support/faulty-disk.js';

const size = 8 * mib;
const right = seededBytes(size, 5);

/** Sends every whole block past the page cache, whatever the speed. */
class DirectOutput extends OutputState {
  override begin(facts: FileFacts): ReturnType<OutputState['begin']> & { part: PartFile } {
    const store = super.begin(facts);
    expect(store.part.openDirect()).toBe(true);
    return store;
  }
}

it('a write of wrong bytes that lands last lands on nothing that was fetched again', async () => {
  await using lab = await DownloadLab.create();
  const liar = await lab.script({
    bytes: seededBytes(size, 6),
    hashesOf: right,
    pieceBytes: mib,
    allowedBytes: 4 * mib,
  });
  const honest = await lab.script({ bytes: right, pieceBytes: mib, allowedBytes: mib });
  const disk = new FaultyDisk();
  const begun: number[] = [];
  let land = (): void => undefined;
  const last = new Promise<void>((resolve) => (land = resolve));
  disk.landing = async (offset) => {
    const isFirst = !begun.includes(offset);
    begun.push(offset);
    // The third wrong piece has the liar left out: by then its fourth one is on its way.
    if (offset === 2 * mib) await until(() => begun.includes(3 * mib));
    if (offset === 3 * mib && isFirst) await last;
  };
  const output = new DirectOutput(disk, { output: lab.output, resume: true, overwrite: false });
  const handle = getOnto(lab, output, [liar.url, honest.url]);
  await until(() => handle.snapshot().sources[0]?.state === 'quarantined');
  honest.allow(size);
  // All that anybody was asked for has come and is booked.
  await until(() => handle.snapshot().doneBytes >= Math.max(size - mib, Math.min(size, honest.sentBytes)));
  expect(begun.filter((offset) => offset === 3 * mib)).toHaveLength(1);
  land();
  await handle.done;
  expect(eventsOf(handle, 'piece-corrupt').map((e) => e.piece)).toEqual([0, 1, 2]);
  expect(lab.written()?.equals(right)).toBe(true);
});
