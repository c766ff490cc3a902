import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { fetchFile } from '../../support/http-download.js';
import { HttpTestServer } from '../../support/http-test-server.js';
import { tempFolder } from '../../support/temp-folder.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const file = randomBytesOf(200_000);

async function nameFor(disposition: string | undefined, urlPath = '/f.bin'): Promise<string[]> {
  const server = await HttpTestServer.start({
    file,
    path: urlPath,
    quirk: (_ask, right) => ({ ...right, headers: { ...right.headers, 'Content-Disposition': disposition } }),
  });
  const outer = tempFolder();
  const output = path.join(outer, 'in', 'side');
  const { mkdirSync } = await import('node:fs');
  mkdirSync(output, { recursive: true });
  const outcome = await fetchFile([server.url], { output });
  if (outcome.kind === 'failed') throw outcome.error;
  expect(path.dirname(outcome.report.outputPath)).toBe(output);
  expect(file.equals(readFileSync(outcome.report.outputPath))).toBe(true);
  expect(readdirSync(outer)).toEqual(['in']);
  expect(readdirSync(path.join(outer, 'in'))).toEqual(['side']);
  return readdirSync(output);
}

describe('the name of a file that goes into a folder', () => {
  test('is the last part of the URL, unescaped', async () => {
    expect(await nameFor(undefined, '/a/na%C3%AFve%20file.bin?x=/y')).toEqual(['naïve file.bin']);
  });

  test('is that of an index page, where the URL has no path', async () => {
    expect(await nameFor(undefined, '/')).toEqual(['index.html']);
    expect(await nameFor('attachment; filename="report.pdf"', '/')).toEqual(['report.pdf']);
  });

  test('is cut to what a file system takes, however long it is', async () => {
    const [name = ''] = await nameFor(`attachment; filename*=UTF-8''${'%C3%A4'.repeat(2200)}.bin`);
    expect(name.endsWith('ä.bin')).toBe(true);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
  });

  test('is what Content-Disposition says', async () => {
    expect(await nameFor('attachment; filename="report.pdf"')).toEqual(['report.pdf']);
    expect(await nameFor("attachment; filename=x; filename*=UTF-8''%E2%82%AC.txt")).toEqual(['€.txt']);
  });

  test.each([
    ['attachment; filename="../../../etc/passwd"', 'passwd'],
    ['attachment; filename="/etc/passwd"', 'passwd'],
    ["attachment; filename*=UTF-8''..%2F..%2Fevil.sh", 'evil.sh'],
    ['attachment; filename="..\\\\..\\\\evil.exe"', 'evil.exe'],
    ['attachment; filename="CON.txt"', '_CON.txt'],
    ['attachment; filename=".bashrc"', '_bashrc'],
    ['attachment; filename=".."', 'download'],
    ['attachment; filename="a\tb"', 'a_b'],
  ])('never leads out of the folder and is harmless: %s', async (disposition, name) => {
    expect(await nameFor(disposition)).toEqual([name]);
  });
});
