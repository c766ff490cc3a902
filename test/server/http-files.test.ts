import { createHash, randomBytes } from 'node:crypto';
import { appendFile, mkdir, rename, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawHttpClient, type RawAnswer } from '../support/raw-http-client.js';
import { TempFolder, TestFleet } from '../support/test-fleet.js';

const MiB = 1024 * 1024;
/** More than the buffers of two kernels hold, so that a client that does not read stops the server in mid-file. */
const largeBytes = 64 * MiB;
let temp: TempFolder;

beforeEach(async () => {
  temp = await TempFolder.create();
});
afterEach(async () => {
  await temp[Symbol.asyncDispose]();
});

/** Serves `bytes` as a.bin, hashed, to one client. */
async function withFile(
  bytes: Uint8Array,
  use: (client: RawHttpClient, served: TestFleet) => Promise<void>,
  name = 'a.bin',
): Promise<void> {
  await writeFile(temp.join(name), bytes);
  await using served = await TestFleet.start([temp.join(name)]);
  await served.hashed(name);
  await using client = await RawHttpClient.connect(served.port());
  await use(client, served);
}

function ranged(answer: RawAnswer): unknown[] {
  return [answer.status, answer.header('Content-Range'), answer.body.toString()];
}

describe('a file over HTTP', () => {
  it.each([0, 1, MiB - 1, MiB, 3 * MiB + 12_345])('of %d bytes arrives identical', (size) => {
    const bytes = randomBytes(size);
    return withFile(bytes, async (client) => {
      const answer = await client.get('/a.bin');
      expect(answer.status).toBe(200);
      expect(answer.body.equals(bytes)).toBe(true);
      expect(answer.header('Content-Length')).toBe(String(size));
      const head = await client.get('/a.bin', {}, 'HEAD');
      expect(head.lines.filter(([name]) => name !== 'Date')).toEqual(answer.lines.filter(([name]) => name !== 'Date'));
      expect((await client.get('/a.bin')).body.equals(bytes)).toBe(true);
    });
  });

  it('says what it is: type, date, digest, and that ranges are served', async () => {
    await writeFile(temp.join('a.mp4'), 'abc');
    await utimes(temp.join('a.mp4'), 1_700_000_000, 1_700_000_000.9);
    await using served = await TestFleet.start([temp.join('a.mp4')]);
    const { contentId } = await served.hashed('a.mp4');
    await using client = await RawHttpClient.connect(served.port());
    const answer = await client.get('/a.mp4', { 'Want-Digest': 'sha-256' });
    const sha256 = createHash('sha256').update('abc').digest('base64');
    expect(Object.fromEntries(answer.lines)).toMatchObject({
      'Content-Type': 'video/mp4',
      'X-Content-Type-Options': 'nosniff',
      'Accept-Ranges': 'bytes',
      'Last-Modified': 'Tue, 14 Nov 2023 22:13:20 GMT',
      ETag: `"${contentId}"`,
      'Repr-Digest': `sha-256=:${sha256}:`,
      Digest: `SHA-256=${sha256}`,
      Server: 'test/1',
    });
    expect(answer.header('Date')).toMatch(/ GMT$/);
    expect(answer.header('Content-Disposition')).toBeUndefined();
    const plain = await client.get('/a.mp4', { 'Want-Repr-Digest': 'sha-256=0' });
    expect([plain.header('Digest'), plain.header('Repr-Digest')]).toEqual([undefined, undefined]);
  });

  it('is offered as a download only where that is asked for', () =>
    withFile(
      Buffer.from('abc'),
      async (client) => {
        const answer = await client.get(`/${encodeURIComponent('a "ü".bin')}?download`);
        expect(answer.header('Content-Disposition')).toBe(
          `attachment; filename="a ___.bin"; filename*=UTF-8''a%20%22%C3%BC%22.bin`,
        );
      },
      'a "ü".bin',
    ));

  it('with a date in the future has none', async () => {
    await writeFile(temp.join('a.bin'), 'abc');
    await utimes(temp.join('a.bin'), 4_000_000_000, 4_000_000_000);
    await using served = await TestFleet.start([temp.join('a.bin')]);
    await using client = await RawHttpClient.connect(served.port());
    expect((await client.get('/a.bin')).header('Last-Modified')).toBeUndefined();
  });
});

describe('a range over HTTP', () => {
  it.each([
    ['bytes=0-0', 206, 'bytes 0-0/26', 'a'],
    ['bytes=2-4', 206, 'bytes 2-4/26', 'cde'],
    ['bytes=23-', 206, 'bytes 23-25/26', 'xyz'],
    ['bytes=23-99', 206, 'bytes 23-25/26', 'xyz'],
    ['bytes=-2', 206, 'bytes 24-25/26', 'yz'],
    ['bytes=-99', 206, 'bytes 0-25/26', 'abcdefghijklmnopqrstuvwxyz'],
    ['bytes=0-4,3-6', 206, 'bytes 0-6/26', 'abcdefg'],
    ['bytes=24-23', 200, undefined, 'abcdefghijklmnopqrstuvwxyz'],
    ['chunks=0-1', 200, undefined, 'abcdefghijklmnopqrstuvwxyz'],
    ['bytes=0-,0-', 200, undefined, 'abcdefghijklmnopqrstuvwxyz'],
  ])('%s is answered %d %s', (range, ...expected) =>
    withFile(Buffer.from('abcdefghijklmnopqrstuvwxyz'), async (client) => {
      expect(ranged(await client.get('/a.bin', { Range: range }))).toEqual(expected);
    }),
  );

  it('beyond the file is 416, and says how long the file is', () =>
    withFile(Buffer.from('abc'), async (client) => {
      const answer = await client.get('/a.bin', { Range: 'bytes=3-' });
      expect([answer.status, answer.header('Content-Range')]).toEqual([416, 'bytes */3']);
      expect((await client.get('/a.bin')).status).toBe(200);
    }));

  it('is no matter of HEAD', () =>
    withFile(Buffer.from('abc'), async (client) => {
      const answer = await client.get('/a.bin', { Range: 'bytes=0-0' }, 'HEAD');
      expect([answer.status, answer.header('Content-Length')]).toEqual([200, '3']);
    }));

  it('of several parts comes as multipart, in their order, as long as announced', () => {
    const bytes = randomBytes(3 * MiB);
    return withFile(bytes, async (client) => {
      const answer = await client.get('/a.bin', { Range: 'bytes=1048576-2097151,7-7,-10,0-4,3-6,99999999-' });
      expect(answer.status).toBe(206);
      expect(answer.header('Content-Range')).toBeUndefined();
      const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(answer.header('Content-Type') ?? '')?.[1] ?? '';
      const parts = answer.body.toString('latin1').split(`\r\n--${boundary}`);
      expect([parts.shift(), parts.pop()]).toEqual(['', '--\r\n']);
      const read = parts.map((part) => {
        const range = /\r\nContent-Range: bytes (\d+)-(\d+)\/(\d+)\r\n\r\n/.exec(part);
        const [start, last, size] = (range ?? []).slice(1).map(Number);
        expect(size).toBe(bytes.length);
        expect(part).toContain('\r\nContent-Type: application/octet-stream\r\n');
        const body = Buffer.from(part.slice(part.indexOf('\r\n\r\n') + 4), 'latin1');
        expect(body.equals(bytes.subarray(start, (last ?? 0) + 1))).toBe(true);
        return [start, last];
      });
      expect(read).toEqual([
        [MiB, 2 * MiB - 1],
        [0, 7],
        [3 * MiB - 10, 3 * MiB - 1],
      ]);
      expect((await client.get('/a.bin', { Range: 'bytes=0-0' })).body.equals(bytes.subarray(0, 1))).toBe(true);
    });
  });
});

describe('conditions over HTTP', () => {
  it('by tag and by date are kept', () =>
    withFile(Buffer.from('abc'), async (client) => {
      const first = await client.get('/a.bin');
      const tag = first.header('ETag') ?? '';
      const date = first.header('Last-Modified') ?? '';
      const fresh = await client.get('/a.bin', { 'If-None-Match': tag });
      expect([fresh.status, fresh.header('ETag'), fresh.body.length]).toEqual([304, tag, 0]);
      expect((await client.get('/a.bin', { 'If-Modified-Since': date })).status).toBe(304);
      expect((await client.get('/a.bin', { 'If-None-Match': tag }, 'HEAD')).status).toBe(304);
      expect((await client.get('/a.bin', { 'If-Match': '"other"' })).status).toBe(412);
      expect((await client.get('/a.bin', { 'If-Match': tag })).status).toBe(200);
      const range = { Range: 'bytes=1-1' };
      expect((await client.get('/a.bin', { ...range, 'If-Range': tag })).status).toBe(206);
      expect((await client.get('/a.bin', { ...range, 'If-Range': date })).status).toBe(206);
      expect((await client.get('/a.bin', { ...range, 'If-Range': '"other"' })).status).toBe(200);
      expect((await client.get('/a.bin', { ...range, 'If-Range': `W/${tag}` })).status).toBe(200);
      expect((await client.get('/a.bin', { Range: 'bytes=9-', 'If-Range': '"other"' })).status).toBe(200);
    }));
});

describe('an entity tag', () => {
  it('does not change when hashing is done, and both names of a version are understood', async () => {
    const path = await temp.sparse('a.bin', 512 * MiB);
    await using served = await TestFleet.start([path], { servers: 2 });
    await using client = await RawHttpClient.connect(served.port(1));
    const early = (await client.get('/a.bin', {}, 'HEAD')).header('ETag') ?? '';
    expect(early).toMatch(/^"v-[\w-]{22}"$/);
    const contentTag = `"${(await served.hashed('a.bin')).contentId}"`;
    expect((await client.get('/a.bin', {}, 'HEAD')).header('ETag')).toBe(early);
    await using sibling = await RawHttpClient.connect(served.port(2));
    expect((await sibling.get('/a.bin', {}, 'HEAD')).header('ETag')).toBe(early);
    for (const tag of [early, contentTag]) {
      const answer = await client.get('/a.bin', { Range: 'bytes=0-0', 'If-Range': tag });
      expect([answer.status, answer.header('ETag')]).toEqual([206, tag]);
      expect((await client.get('/a.bin', { 'If-None-Match': tag })).status).toBe(304);
    }
  });

  it('of another run is understood as soon as the hashes are known again', async () => {
    await writeFile(temp.join('a.bin'), randomBytes(MiB));
    const cacheFolder = temp.join('cache');
    const once = async (): Promise<string> => {
      await using served = await TestFleet.start([temp.join('a.bin')], { cacheFolder });
      return `"${(await served.hashed('a.bin')).contentId}"`;
    };
    const tag = await once();
    await using served = await TestFleet.start([temp.join('a.bin')], { cacheFolder });
    await using client = await RawHttpClient.connect(served.port());
    const answer = await client.get('/a.bin', { Range: 'bytes=0-0', 'If-Range': tag });
    expect([answer.status, answer.header('ETag')]).toEqual([206, tag]);
  });

  it('changes with the file', async () => {
    await writeFile(temp.join('a.bin'), 'abc');
    await using served = await TestFleet.start([temp.join('a.bin')]);
    await using client = await RawHttpClient.connect(served.port());
    const tag = (await client.get('/a.bin')).header('ETag') ?? '';
    await writeFile(temp.join('a.bin'), 'abd!');
    const answer = await client.get('/a.bin', { Range: 'bytes=0-0', 'If-Range': tag });
    expect([answer.status, answer.body.toString()]).toEqual([200, 'abd!']);
    expect(answer.header('ETag')).not.toBe(tag);
  });
});

describe('a file that changes in mid-answer', () => {
  async function fetchWhile(range: string | undefined, change: (path: string) => Promise<void>): Promise<void> {
    const path = await temp.sparse('a.bin', largeBytes);
    await using served = await TestFleet.start([path]);
    await using client = await RawHttpClient.connect(served.port());
    client.ask('/a.bin', range === undefined ? {} : { Range: range });
    const head = await client.head();
    await client.take(1);
    client.socket.pause();
    await change(path);
    client.socket.resume();
    await client.ended();
    expect(client.received.length + 1).toBeLessThan(Number(head.header('Content-Length')));
    await using again = await RawHttpClient.connect(served.port());
    expect((await again.get('/a.bin', { Range: 'bytes=0-0' })).status).toBe(206);
  }

  it('ends the connection short of what was announced if it was cut', () =>
    fetchWhile(undefined, (path) => truncate(path, MiB + 1)));
  it('ends the connection short of what was announced if it grew', () =>
    fetchWhile('bytes=1-', (path) => appendFile(path, 'more')));
  it('ends the connection short of what was announced if it was replaced', () =>
    fetchWhile('bytes=0-9,20-50000000', async (path) => {
      await writeFile(`${path}.new`, randomBytes(MiB));
      await rename(`${path}.new`, path);
    }));
});

describe('a name over HTTP', () => {
  it('never leads out of what is served', async () => {
    await mkdir(temp.join('served/inner'), { recursive: true });
    await writeFile(temp.join('secret'), 'secret');
    await writeFile(temp.join('served/inner/a b%.txt'), 'abc');
    await symlink(temp.join('secret'), temp.join('served/link'));
    await symlink(temp.path, temp.join('served/up'));
    await using served = await TestFleet.start([temp.join('served')], { cacheFolder: temp.join('cache') });
    await using client = await RawHttpClient.connect(served.port());
    expect((await client.get('/served/inner/a%20b%25.txt')).body.toString()).toBe('abc');
    const refused: [string, number][] = [
      ['/secret', 404],
      ['/served/../secret', 404],
      ['/served/%2e%2e/secret', 404],
      ['/served/..%2fsecret', 400],
      ['/served/%00', 400],
      ['/served/..\\secret', 404],
      ['/served/..%5csecret', 404],
      ['/served/link', 404],
      ['/served/up/secret', 404],
      ['/served/up/', 404],
      ['/served/up', 404],
      ['/served//inner/', 404],
      ['/./served/', 404],
      [`${temp.path}/secret`, 404],
      ['/served/%ff', 400],
      [`/served/${'x'.repeat(5000)}`, 404],
    ];
    for (const [path, status] of refused) {
      await using fresh = await RawHttpClient.connect(served.port());
      const answer = await fresh.get(path);
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.body.toString()).not.toMatch(/^secret/);
    }
  });
});
