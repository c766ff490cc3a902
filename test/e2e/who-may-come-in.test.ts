import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { DownloadOptions } from '../../src/base/download-handle.js';
import type { ServeOptions } from '../../src/base/fleet-handle.js';
import { listFiles } from '../../src/app/list.js';
import { serve } from '../../src/index.js';
import { encodePreamble } from '../../src/wire/mgp-frame.js';
import { encodeMessage } from '../../src/wire/mgp-messages.js';
import { DownloadLab, failure, mib, until } from '../support/download-lab.js';

const token = 'open-sesame-4711';
const cert = fileURLToPath(new URL('../fixtures/test-only-certificate.pem', import.meta.url));
const key = fileURLToPath(new URL('../fixtures/test-only-key.pem', import.meta.url));
const spki = new X509Certificate(readFileSync(cert)).publicKey.export({ type: 'spki', format: 'der' });
const pin = `sha256//${createHash('sha256').update(spki).digest('base64')}`;
const http = { netrc: false, proxy: {} } as const;

interface Place {
  readonly bytes: Buffer;
  readonly port: number;
  url(scheme: string): string;
}

async function served(lab: DownloadLab, options: Partial<ServeOptions>): Promise<Place> {
  const { path, bytes } = lab.file('file.bin', 2 * mib + 7);
  const fleet = await serve({ paths: [path], ports: [0], ...options });
  lab.use({ [Symbol.asyncDispose]: () => fleet.stop() });
  const port = fleet.snapshot().servers[0]?.port ?? 0;
  return { bytes, port, url: (scheme) => `${scheme}://127.0.0.1:${port}/file.bin` };
}

/** What a client that sends `bytes` hears until the server hangs up. */
async function heard(port: number, bytes: Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  let text = '';
  for await (const chunk of socket) text += (chunk as Buffer).toString('latin1');
  return text;
}

describe.concurrent('servers with a token', () => {
  it.each<[string, DownloadOptions['http']]>([
    ['mgp', http],
    ['http', { ...http, bearer: token }],
    ['http', { ...http, user: `anybody:${token}` }],
  ])('give the file to who knows it (%s)', async (scheme, options) => {
    await using lab = await DownloadLab.create();
    const place = await served(lab, { token });
    await lab.get([place.url(scheme)], { token, ...(options === undefined ? {} : { http: options }) }).done;
    expect(lab.written()?.equals(place.bytes)).toBe(true);
  });

  it.each<[string, string, Partial<DownloadOptions>]>([
    ['mgp', 'without one', {}],
    ['mgp', 'with another', { token: 'another-token' }],
    ['http', 'without one', {}],
    ['http', 'with another', { http: { ...http, bearer: 'another-token' } }],
  ])('turn everybody else away (%s %s)', async (scheme, _how, options) => {
    await using lab = await DownloadLab.create();
    const place = await served(lab, { token });
    const error = await failure(lab.get([place.url(scheme)], { http, ...options }));
    expect(error.exitStatus).not.toBe(0);
    expect(error.message).toMatch(/token|401/);
    expect(error.message).not.toContain(token);
    expect(error.message).not.toContain('another-token');
    expect(lab.written()).toBeUndefined();
  });

  it('list what they have to nobody else', async () => {
    await using lab = await DownloadLab.create();
    const { port } = await served(lab, { token });
    await expect(listFiles(`mgp://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'unauthorized' });
    expect(await listFiles(`mgp://127.0.0.1:${port}/`, token)).toHaveLength(1);
  });

  it('send nothing of the token, and never the same challenge twice', async () => {
    await using lab = await DownloadLab.create();
    const { port } = await served(lab, { token });
    const question = Buffer.concat([
      encodePreamble(),
      encodeMessage.hello({ agent: 'x' }),
      encodeMessage.stat(1, { name: 'file.bin' }),
    ]);
    const answers = [await heard(port, question), await heard(port, question)];
    const challenges = answers.map((text) => /"challenge":"([0-9a-f]{64})"/.exec(text)?.[1]);
    expect(new Set(challenges).size).toBe(2);
    for (const text of answers) {
      expect(text).toContain('unauthorized');
      expect(text).not.toContain(token);
      expect(text).not.toContain('contentId');
    }
  });

  it('do not let a client in that repeats a proof of before', async () => {
    await using lab = await DownloadLab.create();
    const { port } = await served(lab, { token });
    const proof = 'ab'.repeat(32);
    const said = await heard(
      port,
      Buffer.concat([
        encodePreamble(),
        encodeMessage.hello({ agent: 'x' }),
        encodeMessage.hello({ agent: 'x', proof }),
        encodeMessage.stat(1, { name: 'file.bin' }),
      ]),
    );
    expect(said).toContain('not the one of this server');
    expect(said).not.toContain('contentId');
  });

  it('are not believed where they do not know it: a client shows them nothing that they could use', async () => {
    await using lab = await DownloadLab.create();
    let said = '';
    const port = await lab.listen((socket) => {
      socket.on('data', (bytes: Buffer) => (said += bytes.toString('latin1')));
      const hello = encodeMessage.helloAnswer({ agent: 'evil', challenge: 'cd'.repeat(32), proof: 'ef'.repeat(32) });
      socket.write(Buffer.concat([encodePreamble(), hello]));
    });
    const error = await failure(lab.get([`mgp://127.0.0.1:${port}/file.bin`], { token }));
    expect(error.message).toContain('has another token');
    expect(said).not.toContain('proof');
    expect(said).not.toContain(token);
  });

  it('refuse a token that could be guessed', async () => {
    await using lab = await DownloadLab.create();
    await expect(served(lab, { token: 'short' })).rejects.toMatchObject({ code: 'usage' });
  });

  it('never leave it in the journal', async () => {
    await using lab = await DownloadLab.create();
    const place = await served(lab, { token, rateLimits: [mib] });
    const handle = lab.get([place.url('mgp')], { token });
    await until(() => handle.snapshot().doneBytes > 0);
    await handle.cancel();
    const journal = readFileSync(`${lab.output}.part.journal`, 'latin1');
    expect(journal).toContain('mgp://');
    expect(journal).not.toContain(token);
  });
});

describe.concurrent('servers with a certificate', () => {
  it.each(['mgps', 'https'])('give the file to who trusts it, or has its key pinned (%s)', async (scheme) => {
    await using lab = await DownloadLab.create();
    const place = await served(lab, { tls: { cert, key }, token });
    const more = scheme === 'https' ? { bearer: token } : {};
    for (const options of [
      { http: { ...http, ...more, caCertificate: cert } },
      { pins: [pin], http: { ...http, ...more } },
    ]) {
      await lab.get([place.url(scheme)], { ...options, token, overwrite: true }).done;
      expect(lab.written()?.equals(place.bytes)).toBe(true);
    }
  });

  it.each(['mgps', 'https'])('are not believed where it is not known (%s)', async (scheme) => {
    await using lab = await DownloadLab.create();
    const place = await served(lab, { tls: { cert, key } });
    const wrong = `sha256//${'A'.repeat(43)}=`;
    for (const options of [{}, { pins: [wrong] }]) {
      const error = await failure(lab.get([place.url(scheme)], { http, ...options }));
      expect(error.message).toMatch(/self-signed|pinned/);
      expect(lab.written()).toBeUndefined();
    }
  });

  it('speak nothing in the clear', async () => {
    await using lab = await DownloadLab.create();
    const { port } = await served(lab, { tls: { cert, key } });
    const said = await heard(port, Buffer.from('GET /file.bin HTTP/1.1\r\nHost: x\r\n\r\n'));
    expect(said).not.toContain('HTTP');
  });

  it('are refused at the start where certificate and key do not fit', async () => {
    await using lab = await DownloadLab.create();
    await expect(served(lab, { tls: { cert, key: cert } })).rejects.toMatchObject({ code: 'usage' });
  });
});
