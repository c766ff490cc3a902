import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeManifest } from '../../src/app/make-manifest.js';
import { randomBytesOf } from '../support/random-bytes.js';
import { smallWeb } from '../support/small-web.js';
import { tempFolder } from '../support/temp-folder.js';

const hasAria2 = spawnSync('aria2c', ['--version']).status === 0;
/** aria2c in `folder` by the manifest there; resolves to its exit status. */
function aria2(folder: string): Promise<number> {
  const args = ['--no-conf', '--metalink-file=f.meta4', '--min-split-size=1M', '--file-allocation=none', '-q'];
  return new Promise((resolve, reject) => {
    execFile('aria2c', args, { cwd: folder, timeout: 25_000 }, (error) => {
      if (error === null) resolve(0);
      else if (typeof error.code === 'number') resolve(error.code);
      else reject(new Error('aria2c did not run to its end', { cause: error }));
    });
  });
}

describe('aria2c with a manifest of ours', () => {
  const content = randomBytesOf(3_500_000, 11);

  async function manifestOf(served: readonly Uint8Array[]): Promise<string> {
    const [source, folder] = [tempFolder(), tempFolder()];
    writeFileSync(path.join(source, 'f g.bin'), content);
    const urls = await Promise.all(served.map((bytes) => smallWeb({ '*': bytes })));
    const text = await makeManifest({ files: [path.join(source, 'f g.bin')], urls });
    writeFileSync(path.join(folder, 'f.meta4'), text);
    return folder;
  }

  test.skipIf(!hasAria2)('fetches the file from all sources (skipped where aria2c is not installed)', async () => {
    const folder = await manifestOf([content, content]);
    expect(await aria2(folder)).toBe(0);
    expect(readFileSync(path.join(folder, 'f g.bin')).equals(content)).toBe(true);
  });

  test.skipIf(!hasAria2)('finds by our hashes what is wrong (skipped where aria2c is not installed)', async () => {
    const wrong = Buffer.from(content);
    wrong.fill(0, 2_000_000, 2_000_010);
    const folder = await manifestOf([wrong]);
    expect(await aria2(folder)).not.toBe(0);
    // It keeps its own state beside a file that is not right.
    expect(existsSync(path.join(folder, 'f g.bin.aria2'))).toBe(true);
  });
});
