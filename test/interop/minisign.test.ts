import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect } from 'vitest';
import { documentFetcher } from '../../src/app/fetch-bytes.js';
import { readManifest } from '../../src/app/manifest.js';
import { openSigner } from '../../src/app/open-signer.js';
import { openKey, sealedKey } from '../support/minisign-samples.js';
import { runPeer, testWithPeer } from '../support/peer.js';
import { tempFolder } from '../support/temp-folder.js';

const text = `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="f.bin"><hash type="md5">${'ab'.repeat(16)}</hash><url>mgp://a:1/f.bin</url></file></metalink>`;

function folderWithManifest(): string {
  const folder = tempFolder();
  writeFileSync(join(folder, 'f.meta4'), text);
  writeFileSync(join(folder, 'open.key'), openKey.secretKey);
  writeFileSync(join(folder, 'sealed.key'), sealedKey.secretKey);
  return folder;
}

async function signs(keyFile: string, publicKey: string): Promise<void> {
  const folder = folderWithManifest();
  const sign = await openSigner(join(folder, keyFile), () => Promise.resolve(sealedKey.password));
  writeFileSync(join(folder, 'f.meta4.minisig'), sign(text, 'f.meta4'));
  const good = await runPeer('minisign', ['-V', '-m', 'f.meta4', '-P', publicKey], folder);
  expect([good.status, good.stdout]).toEqual([0, expect.stringContaining('file:f.meta4') as string]);
  writeFileSync(join(folder, 'f.meta4'), `${text} `);
  expect((await runPeer('minisign', ['-V', '-m', 'f.meta4', '-P', publicKey], folder)).status).toBe(1);
}

describe('signed manifests', () => {
  testWithPeer('minisign', 'believes what we sign with its key', () => signs('open.key', openKey.publicKey));

  testWithPeer('minisign', 'believes what we sign with its key that has a password', () =>
    signs('sealed.key', sealedKey.publicKey),
  );

  testWithPeer('minisign', 'signs what we believe, in its old form and in its new one', async () => {
    for (const form of [['-H'], ['-l']]) {
      const folder = folderWithManifest();
      const file = join(folder, 'f.meta4');
      const run = await runPeer('minisign', ['-S', ...form, '-s', 'open.key', '-m', 'f.meta4'], folder);
      expect(run.status, run.stderr).toBe(0);
      const places = { stdin: Readable.from([]), fetchBytes: documentFetcher(), demand: { keys: [openKey.publicKey] } };
      expect((await readManifest(file, places)).files.map(({ name }) => name)).toEqual(['f.bin']);
      writeFileSync(file, readFileSync(file, 'utf8').replace('f.bin', 'g.bin'));
      await expect(readManifest(file, places)).rejects.toMatchObject({ code: 'signature-wrong' });
    }
  });

  testWithPeer('minisign', 'makes keys that we sign with', async () => {
    const folder = folderWithManifest();
    await runPeer('minisign', ['-G', '-W', '-p', 'new.pub', '-s', 'new.key'], folder);
    const sign = await openSigner(join(folder, 'new.key'), () => Promise.reject(new Error('asked for a password')));
    writeFileSync(join(folder, 'f.meta4.minisig'), sign(text, 'f.meta4'));
    expect((await runPeer('minisign', ['-V', '-m', 'f.meta4', '-p', 'new.pub'], folder)).status).toBe(0);
  });
});
