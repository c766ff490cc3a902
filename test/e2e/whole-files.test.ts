import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DownloadLab, eventsOf, type LabFleet } from '../support/download-lab.js';

/** Of files of up to 128 MiB. */
const piece = 256 * 1024;

const sizes = [
  { what: 'an empty file', bytes: 0 },
  { what: 'a file of one byte', bytes: 1 },
  { what: 'a file of one piece less a byte', bytes: piece - 1 },
  { what: 'a file of one piece', bytes: piece },
  { what: 'a file of one piece and a byte', bytes: piece + 1 },
  { what: 'a file of five pieces and seven bytes', bytes: 5 * piece + 7 },
];

describe('a file comes out as it went in', () => {
  let lab: DownloadLab;
  let fleet: LabFleet;
  const contents = new Map<number, Buffer>();

  beforeAll(async () => {
    lab = await DownloadLab.create();
    const paths = sizes.map(({ bytes }) => {
      const file = lab.file(`of-${bytes}`, bytes, bytes + 1);
      contents.set(bytes, file.bytes);
      return file.path;
    });
    fleet = await lab.serve(paths, { servers: 32 });
  });

  afterAll(() => lab[Symbol.asyncDispose]());

  for (const { what, bytes } of sizes) {
    it.each([1, 2, 4, 32])(`${what} from %i servers`, async (servers) => {
      const output = lab.path(`out-${bytes}-${servers}`);
      const content = contents.get(bytes) ?? Buffer.alloc(0);
      const report = await lab.get(fleet.urls(`of-${bytes}`).slice(0, servers), { output }).done;
      expect(lab.written(output)?.equals(content)).toBe(true);
      expect(lab.leftovers(output)).toEqual([]);
      expect(report).toMatchObject({ sizeBytes: bytes, fetchedBytes: bytes, resumedBytes: 0 });
      expect(report.piecesVerified).toBe(Math.ceil(bytes / piece));
      expect(report.sha256).toBe(createHash('sha256').update(content).digest('hex'));
      expect(report.sources.reduce((sum, source) => sum + source.bytes, 0)).toBe(bytes);
      // However soon it was over: who brought something took some time to bring it.
      const brought = report.sources.filter((source) => source.bytes > 0);
      expect(brought.filter((source) => source.firstByteMs === undefined)).toEqual([]);
      expect(brought.filter((source) => source.meanSpeedBytesPerSec === 0)).toEqual([]);
    });
  }

  it('without verification, too, and then does not call anything verified', async () => {
    const output = lab.path('out-unverified');
    const handle = lab.get(fleet.urls(`of-${5 * piece + 7}`).slice(0, 4), { output, verify: false });
    expect(await handle.done).toMatchObject({ piecesVerified: 0, wholeVerified: '' });
    expect(handle.snapshot().verifiedBytes).toBe(0);
    expect(eventsOf(handle, 'phase').filter(({ reason }) => /are verified|waiting for/.test(reason))).toEqual([]);
    expect(lab.written(output)?.equals(contents.get(5 * piece + 7) ?? Buffer.alloc(0))).toBe(true);
  });

  it('into a folder, under its own name', async () => {
    await lab.get([fleet.url(1, `of-${piece}`)], { output: lab.folder }).done;
    expect(lab.written(lab.path(`of-${piece}`))?.equals(contents.get(piece) ?? Buffer.alloc(0))).toBe(true);
  });
});
