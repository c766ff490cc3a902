import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DownloadLab, mib, seededBytes } from '../support/download-lab.js';
import { HttpTestServer } from '../support/http-test-server.js';
import { commandPath } from '../support/command-path.js';

/** A real process that writes a file to its standard output; ends with the test. */
class Streaming implements AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  err = '';

  constructor(lab: DownloadLab, ...args: string[]) {
    this.child = spawn(process.execPath, [commandPath, 'get', ...args, '-o', '-'], { cwd: lab.folder, stdio: 'pipe' });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.err += text));
  }

  /** All that comes, and the exit status. */
  async end(): Promise<{ bytes: Buffer; status: number | null }> {
    const chunks: Buffer[] = [];
    this.child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(this.child, 'close');
    return { bytes: Buffer.concat(chunks), status: this.child.exitCode };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}

describe.concurrent('get -o -', () => {
  it('writes the file, and nothing but the file, to standard output', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 20 * mib + 3);
    const fleet = await lab.serve(file.path, { servers: 3 });
    await using got = new Streaming(lab, ...fleet.urls());
    const { bytes, status } = await got.end();
    expect(status).toBe(0);
    expect(bytes.equals(file.bytes)).toBe(true);
    expect(got.err).toMatch(/written +to standard output/);
  });

  it('says all that there is to say on standard error, as JSON where that is asked for', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', mib);
    const fleet = await lab.serve(file.path);
    await using got = new Streaming(lab, ...fleet.urls(), '--json');
    expect((await got.end()).bytes.equals(file.bytes)).toBe(true);
    const lines = got.err.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toContain('report');
  });

  it('is not held up for ever by a server that is there and never states its hashes, and says so', async () => {
    await using lab = await DownloadLab.create();
    const bytes = seededBytes(10 * mib + 5, 7);
    const server = await lab.script({ bytes, hashed: false });
    await using got = new Streaming(lab, server.url, '--window', '4M', '--give-up-after', '1');
    const ended = await got.end();
    expect(ended.status).toBe(0);
    expect(ended.bytes.equals(bytes)).toBe(true);
    expect(got.err).toContain('no server has stated its hashes');
  });

  it('waits for a reader that is slow, with no more than its window in memory', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 32 * mib);
    const fleet = await lab.serve(file.path, { servers: 2 });
    await using got = new Streaming(lab, ...fleet.urls(), '--window', '4M', '--json', '-i', '0.1');
    await once(got.child.stdout, 'readable');
    const doneBytes = (): number[] => [...got.err.matchAll(/"doneBytes":(\d+)/g)].map((match) => Number(match[1]));
    // The same figure eight times in a row: nothing more comes in.
    while (new Set(doneBytes().slice(-8)).size !== 1 || doneBytes().length < 9) await once(got.child.stderr, 'data');
    expect(doneBytes().at(-1)).toBeLessThan(8 * mib);
    const { bytes, status } = await got.end();
    expect(status).toBe(0);
    expect(bytes.equals(file.bytes)).toBe(true);
  });

  it('ends quietly with status 141 where its reader has had enough', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 32 * mib);
    const fleet = await lab.serve(file.path, { servers: 2 });
    await using got = new Streaming(lab, ...fleet.urls(), '-q');
    await once(got.child.stdout, 'readable');
    got.child.stdout.destroy();
    await once(got.child, 'exit');
    expect(got.child.exitCode).toBe(141);
    expect(got.err).toBe('');
  });

  it('ends at once for a signal while its reader stands still', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', 32 * mib);
    const fleet = await lab.serve(file.path, { servers: 2 });
    await using got = new Streaming(lab, ...fleet.urls(), '-q');
    await once(got.child.stdout, 'readable');
    got.child.kill('SIGINT');
    await once(got.child, 'exit');
    expect(got.child.exitCode).toBe(130);
  });

  it('does not say that anything is kept when it is ended', async () => {
    await using lab = await DownloadLab.create();
    const fleet = await lab.serve(lab.file('file.bin', 32 * mib).path, { rateLimits: [2 * mib] });
    await using got = new Streaming(lab, ...fleet.urls());
    got.child.stdout.resume();
    await once(got.child.stdout, 'data');
    got.child.kill('SIGINT');
    await once(got.child, 'close');
    expect(got.err).toMatch(/^stopping$/m);
    expect(got.err).toContain('stopped by you');
    expect(got.err).not.toContain('kept');
  });

  it('says once that the disk behind it is full', async ({ skip }) => {
    if (!existsSync('/dev/full')) skip('this system has no disk that is always full');
    await using lab = await DownloadLab.create();
    const fleet = await lab.serve(lab.file('file.bin', 4 * mib).path);
    const full = openSync('/dev/full', 'w');
    const args = [commandPath, 'get', '-q', ...fleet.urls(), '-o', '-'];
    const child = spawn(process.execPath, args, { cwd: lab.folder, stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    let err = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text));
    await once(child, 'close');
    expect(child.exitCode).toBe(9);
    expect(err.match(/no space left/g)).toHaveLength(1);
    expect(err).toContain('cannot write to standard output');
  });

  it('hands out verified pieces alone of what a manifest describes', async () => {
    await using lab = await DownloadLab.create();
    const bytes = seededBytes(12 * mib, 4);
    const wrong = Buffer.from(bytes);
    for (let at = 0; at < wrong.length; at += 256 * 1024) wrong[at] = (wrong[at] ?? 0) ^ 0xff;
    const servers = await Promise.all([wrong, bytes].map((file) => HttpTestServer.start({ file })));
    const hash = (part: Buffer): string => createHash('sha256').update(part).digest('hex');
    const pieces = Array.from({ length: 12 }, (_, i) => `<hash>${hash(bytes.subarray(i * mib, (i + 1) * mib))}</hash>`);
    const urls = servers.map((server, i) => `<url priority="${i + 1}">${server.url}</url>`);
    const metalink = `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="f.bin"><size>${bytes.length}</size>
      <hash type="sha-256">${hash(bytes)}</hash><pieces type="sha-256" length="${mib}">${pieces.join('')}</pieces>
      ${urls.join('')}</file></metalink>`;
    writeFileSync(lab.path('f.meta4'), metalink);
    await using got = new Streaming(lab, 'f.meta4', '--window', '4M');
    const result = await got.end();
    expect(result.bytes.equals(bytes)).toBe(true);
    expect(result.status).toBe(0);
  });

  it('ends with the status of a wrong file where its hash shows that at the end', async () => {
    await using lab = await DownloadLab.create();
    const server = await HttpTestServer.start({ file: seededBytes(2 * mib, 1) });
    await using got = new Streaming(lab, server.url, '--checksum', `sha-256=${'0'.repeat(64)}`);
    expect((await got.end()).status).toBe(32);
    expect(got.err).toContain('do not use it');
  });

  it.each([
    [['-d', '.'], '-d does not go with -o -'],
    [['--window', '5'], '--window takes a size from 1M to 1G'],
  ])('refuses %j', async (flags, sentence) => {
    await using lab = await DownloadLab.create();
    await using got = new Streaming(lab, 'mgp://127.0.0.1:1/x', ...flags);
    expect((await got.end()).status).toBe(28);
    expect(got.err).toContain(sentence);
  });
});
