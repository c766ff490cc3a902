import { expect, it } from 'vitest';
import type { ServeOptions } from '../../src/base/fleet-handle.js';
import type { DownloadOptions } from '../../src/base/download-handle.js';
import { download, serve } from '../../src/index.js';
import { tempFolder } from '../support/temp-folder.js';

const sources = ['mgp://127.0.0.1:1/a.bin'];

it.each([
  [undefined, 'expected an object of options, received none'],
  ['mgp://127.0.0.1:1/a.bin', 'expected an object of options, received a string'],
  [{}, 'expected an array of strings as the option sources, received none'],
  [{ sources: sources[0] }, 'expected an array of strings as the option sources, received a string'],
  [{ sources: [new URL('http://a/b')] }, 'expected an array of strings as the option sources, received an array of'],
  [{ sources, output: 5 }, 'expected a string as the option output, received a number'],
  [{ sources, output: null }, 'expected a string as the option output, received null'],
  [{ sources, giveUpAfterMs: Number.NaN }, 'expected a number as the option giveUpAfterMs, received NaN'],
  [{ sources, signal: new AbortController() }, 'expected an AbortSignal as the option signal, received another object'],
])('a download of %j is refused at once: %s', (options, says) => {
  expect(() => download(options as unknown as DownloadOptions)).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringContaining(says) as string }),
  );
});

it.each([
  [undefined, 'expected an object of options, received none'],
  [{ ports: [0] }, 'expected an array of strings as the option paths, received none'],
  [{ paths: 'video.mp4', ports: [0] }, 'expected an array of strings as the option paths, received a string'],
  [{ paths: ['video.mp4'] }, 'expected an array of numbers as the option ports, received none'],
  [{ paths: ['video.mp4'], ports: ['0'] }, 'expected an array of numbers as the option ports, received an array of'],
])('servers of %j are refused: %s', async (options, says) => {
  await expect(serve(options as unknown as ServeOptions)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining(says) as string,
  });
});

it('a download that its signal ends says why as the cause, before and after it began', async () => {
  const output = `${tempFolder()}/a.bin`;
  const reason = new Error('the user closed the window');
  const early = download({ sources, output, signal: AbortSignal.abort(reason) });
  await expect(early.done).rejects.toMatchObject({ code: 'aborted', cause: reason });
  const controller = new AbortController();
  const late = download({ sources, output, signal: controller.signal });
  controller.abort(reason);
  await expect(late.done).rejects.toMatchObject({ code: 'aborted', cause: reason });
});
