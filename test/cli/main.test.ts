import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandPath } from '../support/command-path.js';

const children = new Set<ChildProcess>();
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manyget-bin-'));
});

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  children.clear();
  await rm(folder, { recursive: true });
});

function manyget(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [commandPath, ...args], { cwd: folder, stdio: 'pipe' });
  children.add(child);
  return child;
}

async function ended(child: ChildProcess): Promise<{ status: number | null; out: string; err: string }> {
  let [out, err] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text));
  await once(child, 'close');
  return { status: child.exitCode, out, err };
}

interface Line {
  readonly type: string;
  readonly snapshot?: {
    readonly doneBytes?: number;
    readonly servers?: readonly { readonly port: number; readonly state: string }[];
  };
  readonly report?: { readonly sha256: string | null; readonly resumedBytes: number };
  readonly error?: { readonly code: string; readonly hint: string };
}

/** Calls `look` with each NDJSON line until it says true. */
async function until(child: ChildProcess, look: (line: Line) => boolean): Promise<Line> {
  if (child.stdout === null) throw new Error('no standard output');
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line;
    if (look(line)) {
      child.stdout.resume();
      return line;
    }
  }
  throw new Error('the output ended before that line');
}

/** Serves `content` as "file.bin" from `count` servers; the ports that they have. */
async function serving(
  content: Uint8Array,
  count: number,
  ...flags: string[]
): Promise<{ child: ChildProcess; ports: string }> {
  await writeFile(join(folder, 'file.bin'), content);
  const child = manyget('serve', 'file.bin', '-n', String(count), '-p', '0', '--json', ...flags);
  const { snapshot } = await until(child, (line) => line.snapshot?.servers?.every(({ port }) => port > 0) === true);
  return { child, ports: (snapshot?.servers ?? []).map(({ port }) => port).join(',') };
}

describe('without a network', () => {
  test('the version is the package’s', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await ended(manyget('--version'))).toEqual({ status: 0, out: `${version}\n`, err: '' });
  });

  test('help goes to standard output', async () => {
    const { status, out } = await ended(manyget('get', '--help'));
    expect(status).toBe(0);
    expect(out).toContain('--give-up-after <seconds>');
  });

  test('a command line that makes no sense is one sentence and status 28', async () => {
    expect(await ended(manyget('serve', 'x', '-n', '3', '-p', '1,2'))).toEqual({
      status: 28,
      out: '',
      err: 'manyget: -n asks for 3 servers but -p names 2 ports: name one port for each, or the first port alone\n',
    });
  });

  test('without arguments and without a terminal it asks nothing', async () => {
    const { status, err } = await ended(manyget());
    expect(status).toBe(28);
    expect(err).toMatch(/^manyget: get takes the address of a file/);
  });

  test('what is not there cannot be served', async () => {
    const { status, err } = await ended(manyget('serve', 'nothing.bin'));
    expect(status).toBe(3);
    expect(err).toContain('nothing.bin');
  });
});

describe('with servers', () => {
  const content = randomFillSync(new Uint8Array(5_000_000));
  const digest = createHash('sha256').update(content).digest('hex');

  test('a file is fetched from all of them, the only one when no name is given', async () => {
    const { child, ports } = await serving(content, 3);
    const { status, out, err } = await ended(manyget('-p', ports, '-o', 'copy.bin', '--sha256'));
    expect([status, err]).toEqual([0, '']);
    expect(out).toContain(digest);
    expect(Buffer.compare(await readFile(join(folder, 'copy.bin')), content)).toBe(0);
    child.stdin?.write('quit\n');
    await once(child, 'exit');
    expect(child.exitCode).toBe(0);
  });

  test('a reader that goes away does not end a download', async () => {
    const { ports } = await serving(content, 2);
    const child = manyget('-p', ports, 'file.bin', '-o', 'copy.bin', '-v');
    child.stdout?.destroy();
    await once(child, 'exit');
    expect(child.exitCode).toBe(0);
    expect(Buffer.compare(await readFile(join(folder, 'copy.bin')), content)).toBe(0);
  });

  test('Ctrl-C keeps the state, says how to go on, and that command goes on', async () => {
    const { ports } = await serving(content, 2, '--limit-rate', '1M');
    const first = manyget('-p', ports, 'file.bin', '-o', 'copy.bin', '-i', '0.1', '--json');
    const errors = first.stderr?.setEncoding('utf8').toArray();
    await until(first, (line) => (line.snapshot?.doneBytes ?? 0) > 2 * 1024 * 1024);
    first.kill('SIGINT');
    await once(first, 'exit');
    expect(first.exitCode).toBe(130);
    const command = /go on with: manyget (.*)\n/.exec(((await errors) ?? []).join(''))?.[1] ?? '';
    expect(existsSync(join(folder, 'copy.bin'))).toBe(false);
    const second = manyget(...command.split(' '));
    const last = await until(second, (line) => line.type === 'report' || line.type === 'error');
    expect(last.report?.resumedBytes).toBeGreaterThan(0);
    expect(Buffer.compare(await readFile(join(folder, 'copy.bin')), content)).toBe(0);
  });
});
