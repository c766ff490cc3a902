import { randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { runPeer, testWithPeer, type PeerRun } from '../support/peer.js';
import { RawMgpClient } from '../support/raw-mgp-client.js';
import { TempFolder, TestFleet } from '../support/test-fleet.js';

/** Download tools that people have, against our servers: each ends with the same bytes. */
const MiB = 1024 * 1024;
const bytes = randomBytes(24 * MiB + 4321);
const name = 'some file ü.bin';
const urlName = encodeURIComponent(name);
let temp: TempFolder;
let served: TestFleet;
let folders = 0;

beforeAll(async () => {
  temp = await TempFolder.create();
  await writeFile(temp.join(name), bytes);
  served = await TestFleet.start([temp.join(name)], { servers: 3, rateLimits: [32 * MiB] });
  await using client = await RawMgpClient.connect(served.port());
  await client.hashed(name);
});

afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await temp[Symbol.asyncDispose]();
});

function url(server = 1): string {
  return `http://127.0.0.1:${served.port(server)}/${urlName}`;
}

/** An empty folder for one client. */
async function freshFolder(): Promise<string> {
  folders += 1;
  const folder = temp.join(`client-${folders}`);
  await mkdir(folder);
  return folder;
}

async function run(command: string, args: readonly string[], folder: string): Promise<PeerRun> {
  const result = await runPeer(command, args, folder);
  expect(result, `${command} ${args.join(' ')}`).toMatchObject({ status: 0 });
  return result;
}

async function expectSame(folder: string, file = 'out.bin', expected: Uint8Array = bytes): Promise<void> {
  const received = await readFile(join(folder, file));
  expect(received.length).toBe(expected.length);
  expect(received.equals(expected)).toBe(true);
}

/** The start of the file, as an earlier run may have left it. */
async function leavePart(folder: string, partBytes: number, file = 'out.bin'): Promise<void> {
  await writeFile(join(folder, file), bytes.subarray(0, partBytes));
}

/** Payload that each server has sent since `before`. */
function sentSince(before: readonly number[]): number[] {
  return [1, 2, 3].map((n, i) => served.server(n).sentBytes - (before[i] ?? 0));
}

describe('curl', () => {
  testWithPeer('curl', 'fetches the whole file, and ranges of it', async () => {
    const folder = await freshFolder();
    await run('curl', ['-sS', '-o', 'out.bin', url()], folder);
    await expectSame(folder);
    for (const [range, start, end] of [
      ['0-0', 0, 1],
      ['1000-2000', 1000, 2001],
      ['25165824-', 24 * MiB, bytes.length],
      ['-100', bytes.length - 100, bytes.length],
    ] as const) {
      await run('curl', ['-sS', '-f', '-r', range, '-o', 'part.bin', url()], folder);
      await expectSame(folder, 'part.bin', bytes.subarray(start, end));
    }
  });

  testWithPeer('curl', 'goes on with -C - where an earlier run stopped', async () => {
    const folder = await freshFolder();
    await leavePart(folder, 10 * MiB + 7);
    const before = sentSince([]);
    await run('curl', ['-sS', '-f', '-C', '-', '-o', 'out.bin', url()], folder);
    await expectSame(folder);
    await expect.poll(() => sentSince(before)[0]).toBe(bytes.length - 10 * MiB - 7);
  });

  testWithPeer('curl', 'keeps a file by its tag and does not fetch it twice', async () => {
    const folder = await freshFolder();
    await run('curl', ['-sS', '-f', '--etag-save', 'tag', '-o', 'out.bin', url()], folder);
    await writeFile(join(folder, 'out.bin'), 'kept');
    const result = await run(
      'curl',
      ['-sS', '-f', '--etag-compare', 'tag', '-w', '%{http_code}', '-o', 'again.bin', url()],
      folder,
    );
    expect(result.stdout).toBe('304');
  });
});

describe('aria2c', () => {
  const quiet = ['--no-conf=true', '--console-log-level=error', '--summary-interval=0', '--file-allocation=none'];

  testWithPeer('aria2c', 'fetches with four connections in pieces of 1 MiB', async () => {
    const folder = await freshFolder();
    await run('aria2c', [...quiet, '-x4', '-s4', '-k1M', '-o', 'out.bin', url()], folder);
    await expectSame(folder);
  });

  testWithPeer('aria2c', 'fetches from all servers of a fleet that it is given', async () => {
    const folder = await freshFolder();
    const before = sentSince([]);
    await run('aria2c', [...quiet, '-x16', '-s6', '-k1M', '-o', 'out.bin', url(1), url(2), url(3)], folder);
    await expectSame(folder);
    for (const sent of sentSince(before)) expect(sent).toBeGreaterThan(0);
  });

  testWithPeer('aria2c', 'fetches by our NAME.meta4, from all servers in it, and verifies the pieces', async () => {
    const folder = await freshFolder();
    await run('curl', ['-sS', '-f', '-o', 'file.meta4', `${url()}.meta4`], folder);
    const before = sentSince([]);
    const options = [...quiet, '-k1M', '-s6', '-x16', '--check-integrity=true', '--metalink-file=file.meta4'];
    await run('aria2c', options, folder);
    await expectSame(folder, name);
    for (const sent of sentSince(before)) expect(sent).toBeGreaterThan(0);
  });

  testWithPeer('aria2c', 'follows the address of our NAME.meta4', async () => {
    const folder = await freshFolder();
    await run('aria2c', [...quiet, '-k1M', '--follow-metalink=mem', `${url(2)}.meta4`], folder);
    await expectSame(folder, name);
  });

  testWithPeer(
    'aria2c',
    'goes on with the servers that it learned of from Link headers when its own one dies',
    async () => {
      const folder = await freshFolder();
      await using fleet = await TestFleet.start([temp.join(name)], { servers: 3, rateLimits: [16 * MiB] });
      const own = `http://127.0.0.1:${fleet.port(2)}/${urlName}`;
      const running = run('aria2c', [...quiet, '-x1', '-s1', '--max-tries=2', '-o', 'out.bin', own], folder);
      await expect.poll(() => fleet.server(2).sentBytes).toBeGreaterThan(MiB);
      await fleet.fleet.kill(2);
      await running;
      await expectSame(folder);
      expect(fleet.server(1).sentBytes + fleet.server(3).sentBytes).toBeGreaterThan(0);
    },
  );

  testWithPeer('aria2c', 'goes on with -c where an earlier run stopped', async () => {
    const folder = await freshFolder();
    await leavePart(folder, 5 * MiB);
    await run('aria2c', [...quiet, '-c', '-x1', '-o', 'out.bin', url()], folder);
    await expectSame(folder);
  });
});

describe('axel', () => {
  testWithPeer('axel', 'fetches with eight connections', async () => {
    const folder = await freshFolder();
    await run('axel', ['-q', '-n', '8', '-o', 'out.bin', url()], folder);
    await expectSame(folder);
  });
});

describe('wget2', () => {
  testWithPeer('wget2', 'fetches in chunks', async () => {
    const folder = await freshFolder();
    await run('wget2', ['-q', '--chunk-size=2M', '--max-threads=4', '-O', 'out.bin', url()], folder);
    await expectSame(folder);
  });

  testWithPeer('wget2', 'goes on with -c where an earlier run stopped', async () => {
    const folder = await freshFolder();
    await leavePart(folder, 3 * MiB + 1, name);
    await run('wget2', ['-q', '-c', '--no-metalink', url()], folder);
    await expectSame(folder, name);
  });
});

describe('lftp', () => {
  testWithPeer('lftp', 'fetches with pget over four connections', async () => {
    const folder = await freshFolder();
    const commands = `set xfer:clobber yes; pget -n 4 -O . "${url()}" -o out.bin; exit`;
    await run('lftp', ['--norc', '-c', commands], folder);
    await expectSame(folder);
  });

  testWithPeer('lftp', 'lists our folder page', async () => {
    const folder = await freshFolder();
    const { stdout } = await run(
      'lftp',
      ['--norc', '-c', `open http://127.0.0.1:${served.port()}/; cls; exit`],
      folder,
    );
    expect(stdout).toContain('some file');
  });
});

describe('wget', () => {
  testWithPeer('wget', 'goes on with -c where an earlier run stopped, and keeps the date', async () => {
    const folder = await freshFolder();
    await leavePart(folder, 9 * MiB + 1, name);
    await run('wget', ['-q', '-c', url()], folder);
    await expectSame(folder, name);
    const { mtimeMs } = await stat(temp.join(name));
    const got = await stat(join(folder, name));
    expect(Math.floor(got.mtimeMs / 1000)).toBe(Math.floor(mtimeMs / 1000));
  });

  testWithPeer('wget', 'takes all of a folder by its page', async () => {
    const folder = await freshFolder();
    await run('wget', ['-q', '-r', '-nH', '-np', '-l', '1', `http://127.0.0.1:${served.port()}/`], folder);
    await expectSame(folder, name);
  });
});
