import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { serve } from '../../src/app/serve.js';
import { frameType } from '../../src/wire/mgp-frame.js';
import { RawMgpClient } from '../support/raw-mgp-client.js';
import { TempFolder } from '../support/test-fleet.js';

let temp: TempFolder;
const cacheBefore = process.env['XDG_CACHE_HOME'];

beforeEach(async () => {
  temp = await TempFolder.create();
  process.env['XDG_CACHE_HOME'] = temp.join('cache');
  await writeFile(temp.join('a.bin'), 'abc');
});
afterEach(async () => {
  if (cacheBefore === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = cacheBefore;
  await temp[Symbol.asyncDispose]();
});

it('serves on all ports by the time that it resolves', async () => {
  const fleet = await serve({ paths: [temp.join('a.bin')], ports: [0, 0, 0] });
  for (const { port } of fleet.snapshot().servers) {
    await using client = await RawMgpClient.connect(port);
    expect((await client.stat('a.bin')).size).toBe(3);
  }
  await fleet.stop();
  await fleet.done;
});

it('stops gracefully when its signal is aborted, and does not start with one that is', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const fleet = await serve({ paths: [temp.join('a.bin')], ports: [0], signal });
  await using client = await RawMgpClient.connect(fleet.snapshot().servers[0]?.port ?? 0);
  controller.abort();
  expect((await client.take()).type).toBe(frameType.goodbye);
  await fleet.done;
  await expect(serve({ paths: [temp.join('a.bin')], ports: [0], signal })).rejects.toMatchObject({ code: 'aborted' });
});

it('leaves nothing behind if it is aborted while it starts', async () => {
  const controller = new AbortController();
  const starting = serve({ paths: [temp.join('a.bin')], ports: [0, 0], signal: controller.signal });
  setImmediate(() => controller.abort());
  await expect(starting).rejects.toMatchObject({ code: 'aborted' });
});

it('rejects with "nothing-to-serve" and "usage"', async () => {
  await expect(serve({ paths: [temp.join('no')], ports: [0] })).rejects.toMatchObject({ code: 'nothing-to-serve' });
  await expect(serve({ paths: [], ports: [0] })).rejects.toMatchObject({ code: 'nothing-to-serve' });
  await expect(serve({ paths: [temp.join('a.bin')], ports: [7, 7] })).rejects.toMatchObject({ code: 'usage' });
});

it('leaves no timer, thread or socket: a process that has stopped its fleet ends by itself', async () => {
  const script = `
    import { connect } from 'node:net';
    import { once } from 'node:events';
    import { serve } from ${JSON.stringify(new URL('../../dist/app/serve.js', import.meta.url).href)};
    const fleet = await serve({ paths: [${JSON.stringify(temp.join('a.bin'))}], ports: [0, 0], rateLimits: [1000] });
    const socket = connect(fleet.snapshot().servers[0].port, '127.0.0.1');
    await once(socket, 'connect');
    await fleet.kill(2);
    await fleet.stop();
    socket.destroy();
    await serve({ paths: [${JSON.stringify(temp.join('no'))}], ports: [0] }).catch((error) => console.log(error.code));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 20_000,
  });
  expect(stdout).toBe('nothing-to-serve\n');
});
