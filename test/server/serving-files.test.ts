import { createHash, randomBytes } from 'node:crypto';
import { appendFile, open, rename, truncate, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentId } from '../../src/wire/content-id.js';
import { frameType } from '../../src/wire/mgp-frame.js';
import { encodeMessage } from '../../src/wire/mgp-messages.js';
import { RawMgpClient } from '../support/raw-mgp-client.js';
import { TempFolder, TestFleet } from '../support/test-fleet.js';

const MiB = 1024 * 1024;
/** Of files of up to 128 MiB. */
const pieceBytes = 256 * 1024;
/** More than the buffers of two kernels hold, so that a client that does not read stops the server in mid-file. */
const largeBytes = 64 * MiB;
let temp: TempFolder;

beforeEach(async () => {
  temp = await TempFolder.create();
});
afterEach(async () => {
  await temp[Symbol.asyncDispose]();
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('a served file', () => {
  it.each([0, 1, MiB - 1, MiB, MiB + 1, 5 * MiB + 12_345])(
    'of %d bytes arrives identical, with its hashes',
    async (size) => {
      const bytes = randomBytes(size);
      await writeFile(temp.join('a.bin'), bytes);
      await using served = await TestFleet.start([temp.join('a.bin')]);
      await using client = await RawMgpClient.connect(served.port());
      const stat = await client.hashed('a.bin');
      expect(stat).toMatchObject({ name: 'a.bin', size, pieceBytes, hashedBytes: size, sha256: sha256(bytes) });
      const result = await client.fetch('a.bin', stat.version, 0, size);
      expect(result.end).toBe(size);
      expect(result.bytes.equals(bytes)).toBe(true);
      const pieces = Array.from({ length: Math.ceil(size / pieceBytes) }, (_, i) =>
        bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes),
      );
      const hashes = Buffer.from(pieces.map(sha256).join(''), 'hex');
      expect(stat.contentId).toBe(contentId(size, pieceBytes, hashes));
      if (pieces.length === 0) return;
      const id = client.newId();
      client.send(encodeMessage.hashes(id, 0, { name: 'a.bin', version: stat.version, count: pieces.length }));
      expect(Buffer.from((await client.answer(id)).payload).equals(hashes)).toBe(true);
    },
  );

  it('arrives in the order of its pipelined requests, one body after the other', async () => {
    const bytes = randomBytes(3 * MiB);
    await writeFile(temp.join('a.bin'), bytes);
    await using served = await TestFleet.start([temp.join('a.bin')]);
    await using client = await RawMgpClient.connect(served.port());
    const { version } = await client.stat('a.bin');
    const ranges = [
      { start: 2 * MiB, end: 3 * MiB },
      { start: 7, end: 7 },
      { start: 0, end: 2 * MiB },
      { start: 5, end: 6 },
    ].map((range) => ({ ...range, id: client.range('a.bin', version, range.start, range.end) }));
    const order: number[] = [];
    for (let ends = 0; ends < ranges.length;) {
      const frame = await client.take();
      if (order.at(-1) !== frame.requestId) order.push(frame.requestId);
      if (frame.type === frameType.end) ends += 1;
      else expect(frame.type).toBe(frameType.data);
      const range = ranges.find((r) => r.id === frame.requestId);
      if (range === undefined) throw new Error('a frame of no request');
      expect(frame.offset).toBe(range.start);
      expect(bytes.subarray(range.start, range.start + frame.payload.length).equals(frame.payload)).toBe(true);
      range.start += frame.payload.length;
    }
    expect(ranges.every((r) => r.start === r.end)).toBe(true);
    expect(order).toEqual(ranges.map((r) => r.id));
  });

  it('answers other requests between the frames of a range', async () => {
    await using served = await TestFleet.start([await temp.sparse('a.bin', largeBytes)]);
    await using client = await RawMgpClient.connect(served.port());
    const { version } = await client.stat('a.bin');
    const range = client.range('a.bin', version, 0, largeBytes);
    const ping = client.newId();
    client.send(encodeMessage.ping(ping));
    const seen: number[] = [];
    for (let type = 0; type !== frameType.end;) {
      const frame = await client.take();
      type = frame.type;
      seen.push(frame.requestId);
    }
    expect(seen.indexOf(ping)).toBeGreaterThanOrEqual(0);
    expect(seen.indexOf(ping)).toBeLessThan(seen.lastIndexOf(range));
  });

  it('counts what it sent and who is there', async () => {
    await writeFile(temp.join('a.bin'), randomBytes(MiB));
    await using served = await TestFleet.start([temp.join('a.bin')], { servers: 2 });
    await using client = await RawMgpClient.connect(served.port(2));
    const { version } = await client.stat('a.bin');
    await client.fetch('a.bin', version, 0, MiB);
    await client.fetch('a.bin', version, 5, 10);
    // Counted when the kernel has taken it, which the client may see first.
    await expect.poll(() => served.server(2).sentBytes).toBe(MiB + 5);
    expect(served.server(2)).toMatchObject({ clients: 1, state: 'alive' });
    expect(served.server(1)).toMatchObject({ sentBytes: 0, clients: 0 });
  });
});

describe('TRIM', () => {
  it('ends a running range earlier, at the end that it names', async () => {
    await using served = await TestFleet.start([await temp.sparse('a.bin', largeBytes)]);
    await using client = await RawMgpClient.connect(served.port());
    const { version } = await client.stat('a.bin');
    client.socket.pause();
    const id = client.range('a.bin', version, 0, largeBytes);
    client.send(encodeMessage.trim(id, 40 * MiB + 3));
    client.socket.resume();
    const { bytes, end } = await client.rangeResult(id);
    expect([bytes.length, end]).toEqual([40 * MiB + 3, 40 * MiB + 3]);
  });

  it('ends a range where it is, if that is behind the end that it names', async () => {
    await using served = await TestFleet.start([await temp.sparse('a.bin', largeBytes)]);
    await using client = await RawMgpClient.connect(served.port());
    const { version } = await client.stat('a.bin');
    const id = client.range('a.bin', version, MiB, largeBytes);
    const first = await client.answer(id);
    client.send(encodeMessage.trim(id, 0));
    const { bytes, end } = await client.rangeResult(id);
    expect(end).toBe(MiB + first.payload.length + bytes.length);
    expect(end).toBeLessThan(largeBytes);
  });

  it('ends a range that waits before it begins, and changes nothing for one that is over or by a later end', async () => {
    await using served = await TestFleet.start([await temp.sparse('a.bin', 4 * MiB)]);
    await using client = await RawMgpClient.connect(served.port());
    const { version } = await client.stat('a.bin');
    const running = client.range('a.bin', version, 0, 4 * MiB);
    const waiting = client.range('a.bin', version, MiB, 2 * MiB);
    client.send(encodeMessage.trim(waiting, 0), encodeMessage.trim(running, 5 * MiB));
    expect((await client.rangeResult(running)).bytes.length).toBe(4 * MiB);
    expect(await client.rangeResult(waiting)).toMatchObject({ end: MiB });
    client.send(encodeMessage.trim(waiting, 0), encodeMessage.trim(77, 0));
    expect((await client.fetch('a.bin', version, 0, 10)).end).toBe(10);
  });
});

describe('a file that changes while it is served', () => {
  /** Asks for all of a large file, and lets `change` happen when the server is in the middle of it. */
  async function fetchWhile(change: (path: string) => Promise<void>): Promise<void> {
    const path = await temp.sparse('a.bin', largeBytes);
    await using served = await TestFleet.start([path]);
    await using client = await RawMgpClient.connect(served.port());
    const stat = await client.hashed('a.bin');
    const id = client.range('a.bin', stat.version, 0, largeBytes);
    await client.answer(id);
    client.socket.pause();
    await change(path);
    client.socket.resume();
    const { error, end } = await client.rangeResult(id);
    expect(end).toBeUndefined();
    expect(error).toMatchObject({ code: 'changed' });
    expect((await client.fetch('a.bin', stat.version, 0, 1)).error).toMatchObject({ code: 'changed' });
    const hashes = client.newId();
    client.send(encodeMessage.hashes(hashes, 0, { name: 'a.bin', version: stat.version, count: 1 }));
    expect(await client.error(hashes)).toMatchObject({ code: 'changed' });
    const now = await client.hashed('a.bin');
    expect(now.version).not.toBe(stat.version);
    const again = await client.fetch('a.bin', now.version, 0, now.size);
    expect(sha256(again.bytes)).toBe(now.sha256);
  }

  it('ends the request with "changed" if it was cut', () => fetchWhile((path) => truncate(path, MiB + 1)));
  it('ends the request with "changed" if it grew', () => fetchWhile((path) => appendFile(path, 'more')));
  it('ends the request with "changed" if bytes of it were overwritten', () =>
    fetchWhile(async (path) => {
      const file = await open(path, 'r+');
      await file.write('other', largeBytes - 10);
      await file.close();
    }));
  it('ends the request with "changed" if another file took its place', () =>
    fetchWhile(async (path) => {
      await writeFile(`${path}.new`, randomBytes(MiB));
      await rename(`${path}.new`, path);
    }));
});

describe('hashes', () => {
  it('come as a second answer to a STAT that follows, and only to that', async () => {
    await using served = await TestFleet.start([await temp.sparse('a.bin', largeBytes)]);
    await using client = await RawMgpClient.connect(served.port());
    const [plain, following] = [client.newId(), client.newId()];
    client.send(encodeMessage.stat(plain, { name: 'a.bin' }));
    client.send(encodeMessage.stat(following, { name: 'a.bin', follow: true }));
    const first = await client.statAnswer(following);
    if (first.contentId === null) expect((await client.statAnswer(following)).contentId).not.toBeNull();
    const third = client.newId();
    client.send(encodeMessage.stat(third, { name: 'a.bin', follow: true }));
    expect((await client.statAnswer(third)).contentId).not.toBeNull();
    client.send(encodeMessage.ping(99));
    await client.statAnswer(plain);
    expect((await client.take()).type).toBe(frameType.pong);
  });

  it('that are not known yet are refused as "not-hashed", and held back nobody', async () => {
    const size = 8 * 1024 * MiB;
    await using served = await TestFleet.start([await temp.sparse('a.bin', size)]);
    await using client = await RawMgpClient.connect(served.port());
    const { version, contentId } = await client.stat('a.bin');
    expect(contentId).toBeNull();
    const id = client.newId();
    client.send(encodeMessage.hashes(id, size / MiB - 1, { name: 'a.bin', version, count: 1 }));
    expect(await client.error(id)).toMatchObject({ code: 'not-hashed' });
    expect(await client.fetch('a.bin', version, size - 10, size)).toMatchObject({ end: size });
  });

  it('are kept for the next run, and made again where what was kept is damaged', async () => {
    await writeFile(temp.join('a.bin'), randomBytes(2 * MiB + 5));
    const cacheFolder = temp.join('cache');
    const once = async (reason: RegExp): Promise<unknown> => {
      await using served = await TestFleet.start([temp.join('a.bin')], { cacheFolder });
      const event = await served.event((e) => e.type === 'file');
      expect(event).toMatchObject({ name: 'a.bin', reason: expect.stringMatching(reason) as string });
      expect(served.fleet.snapshot().files).toEqual([{ name: 'a.bin', sizeBytes: 2 * MiB + 5, hashed: 1 }]);
      await using client = await RawMgpClient.connect(served.port());
      const { contentId, sha256 } = await client.stat('a.bin');
      return { contentId, sha256 };
    };
    const fresh = await once(/it is hashed/);
    expect(await once(/from an earlier run/)).toEqual(fresh);
    const [entry] = readdirSync(cacheFolder);
    const path = `${cacheFolder}/${entry ?? ''}`;
    const damaged = readFileSync(path);
    damaged[damaged.length - 40] = (damaged[damaged.length - 40] ?? 0) ^ 0xff;
    writeFileSync(path, damaged);
    expect(await once(/it is hashed/)).toEqual(fresh);
    expect(await once(/from an earlier run/)).toEqual(fresh);
  });

  it('are there although they cannot be kept, and the operator is told', async () => {
    await writeFile(temp.join('a.bin'), 'abc');
    await writeFile(temp.join('not-a-folder'), '');
    await using served = await TestFleet.start([temp.join('a.bin')], { cacheFolder: temp.join('not-a-folder/cache') });
    const event = await served.event((e) => e.type === 'file');
    expect(event.reason).toMatch(/could not be kept/);
    await using client = await RawMgpClient.connect(served.port());
    expect((await client.hashed('a.bin')).sha256).toBe(sha256(Buffer.from('abc')));
  });

  it('of a file in a folder are made when somebody asks for it', async () => {
    await using served = await TestFleet.start([temp.path], { cacheFolder: temp.join('cache') });
    await writeFile(temp.join('later.bin'), 'abc');
    await using client = await RawMgpClient.connect(served.port());
    const name = `${temp.path.split('/').at(-1) ?? ''}/later.bin`;
    expect(served.fleet.snapshot().files).toEqual([]);
    expect((await client.hashed(name)).sha256).toBe(sha256(Buffer.from('abc')));
    expect(served.fleet.snapshot().files).toMatchObject([{ name, hashed: 1 }]);
  });
});
