import { createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseMetalink } from '../../src/wire/metalink.js';
import { folderPagePolicy } from '../../src/server/folder-page.js';
import { RawHttpClient } from '../support/raw-http-client.js';
import { TempFolder, TestFleet } from '../support/test-fleet.js';

const MiB = 1024 * 1024;
let temp: TempFolder;

beforeEach(async () => {
  temp = await TempFolder.create();
});
afterEach(async () => {
  await temp[Symbol.asyncDispose]();
});

describe('the other servers of a fleet', () => {
  async function duplicates(port: number, host?: string): Promise<string[]> {
    await using client = await RawHttpClient.connect(port);
    const answer = await client.get('/a%20b.bin', host === undefined ? {} : { Host: host }, 'HEAD');
    const links = answer.header('Link')?.split('\n') ?? [];
    return links.filter((link) => link.includes('rel=duplicate'));
  }

  it('are named as the client names this one, beginning with the next, as long as they are alive', async () => {
    await writeFile(temp.join('a b.bin'), 'abc');
    await using served = await TestFleet.start([temp.join('a b.bin')], { servers: 3 });
    const link = (n: number, host: string): string =>
      `<http://${host}:${served.port(n)}/a%20b.bin>; rel=duplicate; pri=1`;
    const two = served.port(2);
    const named = ['127.0.0.1', 'localhost', '[::1]', 'a.example'];
    for (const host of named) {
      await expect.poll(() => duplicates(two, `${host}:${two}`)).toEqual([link(3, host), link(1, host)]);
    }
    await served.fleet.close(3);
    await expect.poll(() => duplicates(two)).toEqual([link(1, '127.0.0.1')]);
    await served.fleet.open(3);
    await expect.poll(() => duplicates(served.port(3))).toEqual([link(1, '127.0.0.1'), link(2, '127.0.0.1')]);
  });

  it('are not named to a client that knows this one by another port', async () => {
    await writeFile(temp.join('a b.bin'), 'abc');
    await using served = await TestFleet.start([temp.join('a b.bin')], { servers: 2 });
    expect(await duplicates(served.port(1), 'front.example')).toEqual([]);
    expect(await duplicates(served.port(1), 'front.example:8080')).toEqual([]);
  });
});

describe('NAME.meta4', () => {
  it('describes the file, all its pieces and its addresses', async () => {
    const bytes = randomBytes(3 * MiB + 5);
    await mkdir(temp.join('folder'));
    await writeFile(temp.join('folder/a & b.bin'), bytes);
    await using served = await TestFleet.start([temp.join('folder')], { servers: 2, cacheFolder: temp.join('cache') });
    await using client = await RawHttpClient.connect(served.port(2));
    const early = await client.get('/folder/a%20%26%20b.bin.meta4');
    if (early.status !== 200) expect([early.status, early.header('Retry-After')]).toEqual([503, '1']);
    await served.hashed('folder/a & b.bin');
    const answer = await client.get('/folder/a%20%26%20b.bin.meta4');
    expect([answer.status, answer.header('Content-Type')]).toEqual([200, 'application/metalink4+xml']);
    const [file] = parseMetalink(answer.body, 'the server').files;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(file).toMatchObject({ name: 'a & b.bin', sizeBytes: bytes.length, hashes: { sha256 } });
    expect(file?.pieces).toMatchObject({ algorithm: 'sha256', pieceBytes: MiB / 4 });
    expect(file?.pieces?.digests.length).toBe(13 * 32);
    const urls = [1, 2].map((n) => `http://127.0.0.1:${served.port(n)}/folder/a%20%26%20b.bin`).sort();
    expect(file?.sources.map((source) => source.url)).toEqual(urls);
    const link = (await client.get('/folder/a%20%26%20b.bin', {}, 'HEAD')).header('Link');
    expect(link).toContain(
      `<http://127.0.0.1:${served.port(2)}/folder/a%20%26%20b.bin.meta4>; rel=describedby; type="application/metalink4+xml"; piece-length=${MiB / 4}`,
    );
  });

  it('is there for files that are, may be a file itself, and is asked for again while there is hashing', async () => {
    await temp.sparse('a.bin', 8 * 1024 * MiB);
    await writeFile(temp.join('b.bin'), 'abc');
    await writeFile(temp.join('b.bin.meta4'), 'my own');
    const names = ['a.bin', 'b.bin', 'b.bin.meta4'];
    await using served = await TestFleet.start(names.map((name) => temp.join(name)));
    await using client = await RawHttpClient.connect(served.port());
    const hashing = await client.get('/a.bin.meta4');
    expect([hashing.status, hashing.header('Retry-After')]).toEqual([503, '1']);
    expect((await client.get('/b.bin.meta4')).body.toString()).toBe('my own');
    expect((await client.get('/none.meta4')).status).toBe(404);
    expect((await client.get('/.meta4')).status).toBe(404);
  });
});

describe('a folder over HTTP', () => {
  it('is a page that a browser can show, with every name as harmless text', async () => {
    await mkdir(temp.join('served/inner'), { recursive: true });
    const hostile = `<img src=x onerror=alert(1)> & "'.bin`;
    await writeFile(temp.join('served', hostile), 'x'.repeat(1500));
    await writeFile(temp.join('served/ü.txt'), '');
    await using served = await TestFleet.start([temp.join('served')], { cacheFolder: temp.join('cache') });
    await using client = await RawHttpClient.connect(served.port());
    const top = (await client.get('/')).body.toString();
    expect(top).toContain('<a class="folder" href="/served/">served/</a>');
    const moved = await client.get('/served?x=1');
    expect([moved.status, moved.header('Location')]).toEqual([301, '/served/?x=1']);
    const answer = await client.get('/served/');
    expect(answer.header('Content-Type')).toBe('text/html; charset=utf-8');
    expect(answer.header('Content-Security-Policy')).toBe(folderPagePolicy);
    const page = answer.body.toString();
    expect(page).not.toContain('<img');
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt; &amp; &quot;&#39;.bin</a>');
    expect(page).toContain('title="1500 bytes">1.46 KiB<');
    expect(page).toContain('2 files, 1.46 KiB, 1 folder');
    const style = /<style>([^<]*)<\/style>/.exec(page)?.[1] ?? '';
    expect(folderPagePolicy).toContain(createHash('sha256').update(style).digest('base64'));
    const links = [...page.matchAll(/href="([^"]*)"/g)].map((match) => match[1] ?? '');
    expect(links).toContain('/served/%C3%BC.txt');
    for (const link of links) expect([link, (await client.get(link)).status]).toEqual([link, 200]);
    expect((await client.get('/none/')).status).toBe(404);
    expect((await client.get('/served/%C3%BC.txt/')).status).toBe(404);
  });

  it('that is large comes in pages, each linked to the next', async () => {
    await mkdir(temp.join('served'));
    const names = Array.from({ length: 1200 }, (_, i) => `${String(i).padStart(4, '0')} &.bin`);
    await Promise.all(names.map((name) => writeFile(temp.join('served', name), '')));
    await using served = await TestFleet.start([temp.join('served')], { cacheFolder: temp.join('cache') });
    await using client = await RawHttpClient.connect(served.port());
    const seen: string[] = [];
    for (let query: string | undefined = ''; query !== undefined;) {
      const page = (await client.get(`/served/${query}`)).body.toString();
      seen.push(...[...page.matchAll(/<a href="\/served\/(\d{4}%20%26\.bin)"/g)].map((match) => match[1] ?? ''));
      query = /<a href="(\?after=[^"]*)">/.exec(page)?.[1];
    }
    expect(seen.map(decodeURIComponent)).toEqual(names);
  });

  it('is JSON for programs that ask for it', async () => {
    await mkdir(temp.join('served/inner'), { recursive: true });
    await writeFile(temp.join('served/a.bin'), 'abc');
    await using served = await TestFleet.start([temp.join('served')], { cacheFolder: temp.join('cache') });
    await using client = await RawHttpClient.connect(served.port());
    const answer = await client.get('/served/', { Accept: 'application/json' });
    expect(answer.header('Content-Type')).toBe('application/json');
    expect(JSON.parse(answer.body.toString())).toEqual({
      name: 'served',
      entries: [
        { name: 'a.bin', kind: 'file', size: 3, mtimeMs: expect.any(Number) as number },
        { name: 'inner', kind: 'folder' },
      ],
      more: false,
    });
    const browser = { Accept: 'text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8' };
    expect((await client.get('/served/', browser)).header('Content-Type')).toMatch(/^text\/html/);
  });
});
