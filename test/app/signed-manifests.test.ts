import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { expectedContent } from '../../src/app/expected-content.js';
import { documentFetcher } from '../../src/app/fetch-bytes.js';
import { openSigner } from '../../src/app/open-signer.js';
import { planDownloads, type DownloadPlan, type DownloadWishes } from '../../src/app/plan-downloads.js';
import type { SignatureDemand, SignedPlaces } from '../../src/app/signed-document.js';
import { openKey, sealedKey } from '../support/minisign-samples.js';
import { smallWeb } from '../support/small-web.js';
import { tempFolder } from '../support/temp-folder.js';

const md5 = 'ab'.repeat(16);
const sha256 = 'cd'.repeat(32);
const keys = [openKey.publicKey];

function metalink(hash = `<hash type="md5">${md5}</hash>`): string {
  return `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="f.bin">${hash}<url>mgp://a:1/f.bin</url></file></metalink>`;
}

async function signed(text: string, name: string): Promise<string> {
  const keyFile = path.join(tempFolder(), 'test.key');
  writeFileSync(keyFile, openKey.secretKey);
  const sign = await openSigner(keyFile, () => Promise.reject(new Error('asked for a password')));
  return sign(text, name);
}

function written(name: string, text: string): string {
  const file = path.join(tempFolder(), name);
  writeFileSync(file, text);
  return file;
}

async function signedFile(name: string, text: string): Promise<string> {
  const file = written(name, text);
  writeFileSync(`${file}.minisig`, await signed(text, name));
  return file;
}

function places(demand: SignatureDemand | undefined, stdin = ''): SignedPlaces {
  return { stdin: Readable.from([Buffer.from(stdin)]), fetchBytes: documentFetcher({ giveUpAfterMs: 2000 }), demand };
}

function plan(
  wishes: Partial<DownloadWishes>,
  demand: SignatureDemand | undefined = { keys },
  stdin?: string,
): Promise<DownloadPlan> {
  return planDownloads({ operands: [], ...wishes }, places(demand, stdin));
}

describe('where a key is trusted, a manifest', () => {
  test('with its signature beside it is read, and who signed it is told', async () => {
    const file = await signedFile('f.meta4', metalink());
    const { downloads, notices } = await plan({ manifests: [file] });
    expect(downloads.map(({ name }) => name)).toEqual(['f.bin']);
    expect(notices).toEqual([
      expect.stringMatching(/f\.meta4" is signed by key 7996D8B0C25C5BFF: timestamp:\d+ {2}file:f\.meta4/) as string,
    ]);
  });

  test('at an address has its signature at the address with .minisig behind, before the question mark', async () => {
    const text = metalink();
    const minisig = await signed(text, 'f.meta4');
    const url = await smallWeb({ '/f.meta4': text, '/f.meta4.minisig': minisig, '/bare.meta4': text });
    expect((await plan({ manifests: [`${url}f.meta4`] })).downloads).toHaveLength(1);
    await expect(plan({ manifests: [`${url}bare.meta4`] })).rejects.toMatchObject({ code: 'signature-missing' });
    const elsewhere = { keys, signature: `${url}f.meta4.minisig` };
    expect((await plan({ manifests: [`${url}bare.meta4`] }, elsewhere)).downloads).toHaveLength(1);
  });

  test('from standard input needs one that is named', async () => {
    const text = metalink();
    await expect(plan({ operands: ['-'] }, { keys }, text)).rejects.toMatchObject({
      code: 'signature-missing',
      message: expect.stringContaining('--signature') as string,
    });
    const signature = written('s.minisig', await signed(text, 'x'));
    expect((await plan({ operands: ['-'] }, { keys, signature }, text)).downloads).toHaveLength(1);
  });

  test('without a signature, with the one of another, of another key, or changed behind it is refused', async () => {
    const good = await signedFile('f.meta4', metalink());
    await expect(plan({ manifests: [written('f.meta4', metalink())] })).rejects.toMatchObject({
      code: 'signature-missing',
      exitStatus: 35,
      message: expect.stringMatching(/^metalink ".*f\.meta4" has to be signed: cannot read signature/) as string,
    });
    const wrong = { code: 'signature-wrong', exitStatus: 35 };
    const signature = `${good}.minisig`;
    const other = written('f.meta4', metalink('<size>5</size>'));
    await expect(plan({ manifests: [other] }, { keys, signature })).rejects.toMatchObject(wrong);
    await expect(plan({ manifests: [good] }, { keys: [sealedKey.publicKey] })).rejects.toMatchObject(wrong);
    const huge = written('huge.minisig', 'x'.repeat(20_000));
    await expect(plan({ manifests: [good] }, { keys, signature: huge })).rejects.toMatchObject(wrong);
    writeFileSync(good, `${readFileSync(good, 'utf8')} `);
    await expect(plan({ manifests: [good] })).rejects.toMatchObject(wrong);
  });

  test('signed, but without a hash, is refused: anything would fit it', async () => {
    const file = await signedFile('f.meta4', metalink('<size>5</size>'));
    await expect(plan({ manifests: [file] })).rejects.toMatchObject({
      code: 'manifest-refused',
      message: expect.stringContaining('its signature says nothing of the bytes') as string,
    });
  });

  test('may be signed by any of the keys, which may be in files', async () => {
    const file = await signedFile('f.meta4', metalink());
    const pub = written('a.pub', `untrusted comment: x\n${openKey.publicKey}\n`);
    expect((await plan({ manifests: [file] }, { keys: [sealedKey.publicKey, pub] })).downloads).toHaveLength(1);
  });

  test.each([
    ['that is not there', undefined, /neither a public key/],
    ['that holds none', 'x', /holds no public key/],
  ])('is not even read for a key file %s', async (_what, text, sentence) => {
    const key = text === undefined ? path.join(tempFolder(), 'gone.pub') : written('a.pub', text);
    await expect(plan({ manifests: ['nowhere.meta4'] }, { keys: [key] })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(sentence) as string,
    });
  });
});

describe('where a key is trusted, addresses', () => {
  const operands = ['http://a/f.bin'];

  test('are fetched from by a signed checksum file', async () => {
    const list = await signedFile('SHA256SUMS', `${sha256}  f.bin\n`);
    const { downloads } = await plan({ operands, checksumFile: list });
    expect(downloads.map(({ manifest }) => manifest)).toEqual([{ hashes: { sha256 } }]);
    writeFileSync(list, `${'ef'.repeat(32)}  f.bin\n`);
    await expect(plan({ operands, checksumFile: list })).rejects.toMatchObject({ code: 'signature-wrong' });
  });

  test('alone are refused, and so are those of a list: nothing signed says what they are', async () => {
    await expect(plan({ operands })).rejects.toMatchObject({ code: 'usage' });
    await expect(plan({ operands, checksums: [`md5=${md5}`] })).rejects.toMatchObject({ code: 'usage' });
    const inputFile = written('list', `http://a/f.bin\n  checksum=md5=${md5}\n`);
    await expect(plan({ inputFile })).rejects.toMatchObject({ code: 'signature-missing' });
  });

  test('of a list may be a signed manifest', async () => {
    const text = metalink();
    const url = await smallWeb({ '/f.meta4': text, '/f.meta4.minisig': await signed(text, 'f'), '/b.meta4': text });
    expect((await plan({ inputFile: written('list', `${url}f.meta4\n`) })).downloads).toHaveLength(1);
    await expect(plan({ inputFile: written('list', `${url}b.meta4\n`) })).rejects.toMatchObject({
      code: 'signature-missing',
    });
  });

  test('one signature is not of two documents', async () => {
    const wishes = { manifests: ['a.meta4', 'b.meta4'] };
    await expect(plan(wishes, { keys, signature: 's' })).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('where a key is trusted, a file on this disk', () => {
  test('is compared with what was signed alone', async () => {
    const manifest = await signedFile('f.meta4', metalink());
    expect(await expectedContent('f.bin', { manifest }, places({ keys }))).toMatchObject({ hashes: { md5 } });
    const bare = written('g.meta4', metalink());
    await expect(expectedContent('f.bin', { manifest: bare }, places({ keys }))).rejects.toMatchObject({
      code: 'signature-missing',
    });
    await expect(expectedContent('f.bin', { checksums: [`md5=${md5}`] }, places({ keys }))).rejects.toMatchObject({
      code: 'usage',
    });
  });
});

describe('a key to sign with', () => {
  test.each([
    ['is not there', undefined, /cannot be read/],
    ['is none', 'hello', /is no secret key of minisign/],
    ['is the public one', openKey.publicKey, /is no secret key of minisign/],
  ])('that %s is told in one sentence', async (_what, text, sentence) => {
    const file = text === undefined ? path.join(tempFolder(), 'gone') : written('a.key', text);
    await expect(openSigner(file, () => Promise.resolve(''))).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(sentence) as string,
    });
  });
});
