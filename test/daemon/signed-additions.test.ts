import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandPath } from '../support/command-path.js';
import { DownloadLab } from '../support/download-lab.js';
import { openKey, sealedKey } from '../support/minisign-samples.js';
import { signedText } from '../support/signed-text.js';
import { smallWeb } from '../support/small-web.js';
import { startTestDaemon, type TestDaemon } from '../support/test-daemon.js';

let lab: DownloadLab;
let one: TestDaemon;
let metalink: string;
let bytes: Buffer;

beforeEach(async () => {
  lab = await DownloadLab.create();
  const file = lab.file('film.bin', 300_000);
  ({ bytes } = file);
  const fleet = await lab.serve(file.path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  metalink =
    '<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="film.bin">' +
    `<hash type="sha-256">${sha256}</hash><url>${fleet.url(1)}</url></file></metalink>`;
  one = lab.use(await startTestDaemon(lab.folder));
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

const signed = (text: string): Promise<string> => signedText(lab.folder, text);

async function isDone(gid: string): Promise<void> {
  let state = '';
  while (state !== 'complete' && state !== 'error') ({ state } = (await one.client.detail(gid)).item);
  expect(state).toBe('complete');
  expect(readFileSync(join(one.output, 'film.bin')).equals(bytes)).toBe(true);
}

describe("a daemon's download with a trusted key", () => {
  test('begins with a manifest that this key has signed, and says whose that is', async () => {
    const options = { 'trusted-key': openKey.publicKey, signature: await signed(metalink) };
    const [item] = await one.client.add({ sources: [], metalink, options });
    expect(item?.name).toBe('film.bin');
    await isDone(item?.gid ?? '');
    expect(one.daemon.queue.lists.get(item?.gid ?? '').spec.options).toMatchObject({
      'trusted-key': openKey.publicKey,
    });
  });

  test('finds the signature beside a manifest that has an address', async () => {
    const signature = await signed(metalink);
    const web = await smallWeb({ '/film.meta4': metalink, '/film.meta4.minisig': signature });
    const options = { 'trusted-key': `${sealedKey.publicKey}\n${openKey.publicKey}` };
    const [item] = await one.client.add({ sources: [`${web}film.meta4`], options });
    await isDone(item?.gid ?? '');
  });

  test.each([
    ['a signature of something else', async () => ({ signature: await signed(`${metalink} `) }), 'signature'],
    [
      'the signature of another key',
      async () => ({ signature: await signed(metalink), 'trusted-key': sealedKey.publicKey }),
      'is signed with key',
    ],
    ['no signature', () => Promise.resolve({}), 'signature'],
    ['a key that is a file', () => Promise.resolve({ 'trusted-key': '/etc/passwd' }), 'is no public key'],
  ])('is refused with %s, and nothing is added', async (_what, given, sentence) => {
    const options = { 'trusted-key': openKey.publicKey, ...(await given()) };
    await expect(one.client.add({ sources: [], metalink, options })).rejects.toThrow(sentence);
    expect(await one.client.list()).toEqual([]);
  });

  test('is refused where there are only addresses, which nobody has signed', async () => {
    const options = { 'trusted-key': openKey.publicKey };
    const adding = one.client.add({ sources: ['mgp://127.0.0.1:1/film.bin'], options });
    await expect(adding).rejects.toThrow('nothing else is signed');
  });

  test('is added by the command, which reads key and signature itself', async () => {
    const manifest = join(lab.folder, 'film.meta4');
    const key = join(lab.folder, 'minisign.pub');
    writeFileSync(manifest, metalink);
    writeFileSync(key, `untrusted comment: minisign public key\n${openKey.publicKey}\n`);
    const env = { ...process.env, MANYGET_STATE: join(lab.folder, 'state') };
    const command = [commandPath, 'add', manifest, '--trusted-key', key, '--json'];
    const run = promisify(execFile);
    await expect(run(process.execPath, command, { env })).rejects.toMatchObject({ code: 35 });
    writeFileSync(`${manifest}.minisig`, await signed(metalink));
    const { stdout } = await run(process.execPath, command, { env });
    const [item] = JSON.parse(stdout) as { gid: string }[];
    await isDone(item?.gid ?? '');
  });
});
