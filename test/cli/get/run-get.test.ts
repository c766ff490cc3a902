import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { DownloadOptions } from '../../../src/base/download-handle.js';
import { ManygetError } from '../../../src/base/errors.js';
import { EventFeed } from '../../../src/base/event-feed.js';
import type { DownloadEvent } from '../../../src/base/events.js';
import type { GetRequest } from '../../../src/cli/get/get-request.js';
import { type GetDeps, runGet } from '../../../src/cli/get/run-get.js';
import { parseArguments } from '../../../src/cli/program.js';
import { memoryIo, type MemoryIo } from '../../support/cli-streams.js';
import { ScriptedDownload } from '../../support/scripted-download.js';
import { TerminalEmulator } from '../../support/terminal-emulator.js';

const url = 'mgp://127.0.0.1:9001/video.mp4';

function requestOf(...args: string[]): GetRequest {
  const invocation = parseArguments(['get', ...args]);
  if (invocation.type !== 'get') throw new Error(invocation.type);
  return invocation.request;
}

/** A `get` under way: what it asked of the library, and its exit status. */
interface Running {
  readonly handle: ScriptedDownload;
  readonly options: DownloadOptions[];
  readonly status: Promise<number>;
  /** Resolves when the download has begun and is being shown. */
  readonly begun: Promise<void>;
}

function start(io: MemoryIo, args: string[], deps: Partial<GetDeps> = {}): Running {
  const handle = new ScriptedDownload();
  const options: DownloadOptions[] = [];
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const events = handle.events.bind(handle);
  handle.events = () => {
    const reading = events();
    const next = reading.next.bind(reading);
    reading.next = () => {
      begin();
      return next();
    };
    return reading;
  };
  const all: GetDeps = {
    download(given) {
      options.push(given);
      return handle;
    },
    listFiles: () => Promise.reject(new ManygetError('connect-refused', 'nothing listens there')),
    ...deps,
  };
  return { handle, options, status: runGet(requestOf(...args), all, io), begun };
}

describe('what the download is asked for', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'manyget-cli-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function optionsOf(...args: string[]): Promise<DownloadOptions | undefined> {
    const running = start(memoryIo(), [...args, '-q']);
    await running.begun;
    running.handle.finish();
    expect(await running.status).toBe(0);
    return running.options[0];
  }

  test('nothing more than was said', async () => {
    expect(await optionsOf(url)).toEqual({ sources: [url] });
  });

  test('servers become addresses', async () => {
    expect(await optionsOf('-p', '9001,9002', 'a b.mp4')).toEqual({
      sources: ['mgp://127.0.0.1:9001/a%20b.mp4', 'mgp://127.0.0.1:9002/a%20b.mp4'],
    });
  });

  test('a folder and a name make one path', async () => {
    expect((await optionsOf(url, '-d', folder, '-o', 'x'))?.output).toBe(join(folder, 'x'));
    expect((await optionsOf(url, '-d', folder))?.output).toBe(folder);
    await expect(start(memoryIo(), [url, '-d', join(folder, 'no')]).status).rejects.toMatchObject({
      code: 'output-folder-missing',
    });
    await expect(start(memoryIo(), [url, '-d', folder, '-o', '/x']).status).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('without a NAME', () => {
  const listing = (names: readonly string[]) => ({
    listFiles: (server: string) =>
      server.includes(':9001')
        ? Promise.reject(new ManygetError('connect-refused', 'nothing listens there'))
        : Promise.resolve(names.map((name) => ({ name, size: 1 }))),
  });

  test('the only file of the first server that answers is taken', async () => {
    const running = start(memoryIo(), ['-p', '9001-9002', '-q'], listing(['films/a.mp4']));
    await running.begun;
    running.handle.finish();
    await running.status;
    expect(running.options[0]?.sources).toEqual([
      'mgp://127.0.0.1:9001/films/a.mp4',
      'mgp://127.0.0.1:9002/films/a.mp4',
    ]);
  });

  test('of several, one has to be named', async () => {
    await expect(start(memoryIo(), ['-p', '9002'], listing(['a', 'b\u001b'])).status).rejects.toMatchObject({
      code: 'usage',
      message: 'the servers offer 2 files, name one of them: a, b\\u{1b}',
    });
  });

  test('no file and no server are said', async () => {
    await expect(start(memoryIo(), ['-p', '9002'], listing([])).status).rejects.toMatchObject({
      code: 'file-not-found',
    });
    await expect(start(memoryIo(), ['-p', '9001'], listing([])).status).rejects.toMatchObject({
      code: 'connect-refused',
    });
    await expect(start(memoryIo(), ['-p', '9001,9003']).status).rejects.toMatchObject({
      code: 'no-source',
      message: 'none of the 2 servers answered; the first: nothing listens there',
    });
  });
});

test('without arguments and without a terminal it says what to write', async () => {
  await expect(start(memoryIo(), []).status).rejects.toMatchObject({
    code: 'usage',
    message:
      'get takes the address of a file: write https://host/name, mgp://host:port/name, or -a ADDRESS -p PORTS NAME',
  });
  const terminal = memoryIo({ terminal: new TerminalEmulator(80, 24) });
  await expect(start(terminal, ['--json']).status).rejects.toMatchObject({ code: 'usage' });
});

test('--insecure is warned of, even where nothing else is said', async () => {
  const io = memoryIo();
  const running = start(io, ['https://a.example/f', '--insecure', '-q']);
  await running.begun;
  running.handle.finish();
  expect(await running.status).toBe(0);
  expect(io.stderr.text).toContain('WARNING: certificates are not checked');
});

describe('plain lines', () => {
  test('troubles as they come, then the last state and the report', async () => {
    const io = memoryIo();
    const running = start(io, [url]);
    await running.begun;
    running.handle.emit({
      atMs: 900,
      type: 'segment-assigned',
      source: 0,
      connection: 0,
      start: 0,
      end: 9,
      reason: 'x',
    });
    running.handle.emit({ atMs: 1000, type: 'source-lost', source: 1, code: 'server-closed', reason: 'it said so' });
    running.handle.finish();
    expect(await running.status).toBe(0);
    const lines = io.stdout.lines();
    expect(lines[0]).toBe('1.0s  127.0.0.1:9002 lost: it said so');
    expect(lines[1]).toMatch(/^3\.2s {2}total {2}8\.0\/20\.0 MiB/);
    expect(lines).toContain('✓ video.mp4');
    expect(io.stdout.text).not.toContain('\u001b');
    expect(io.stderr.text).toBe('');
  });

  test('a failure is said once, by the command, and its report where something had begun', async () => {
    const outputOf = async (begun: boolean): Promise<[string[], string[]]> => {
      const io = memoryIo();
      const running = start(io, [url]);
      await running.begun;
      const nothing = { sizeBytes: undefined, doneBytes: 0 };
      const note = 'no server answered';
      running.handle.state = { ...running.handle.state, phase: 'failed', note, ...(begun ? {} : nothing) };
      running.handle.fail(new ManygetError('gave-up', note));
      await running.status;
      return [io.stdout.lines(), io.stderr.lines()];
    };
    const [reported, said] = await outputOf(true);
    expect(reported[0]).toMatch(/^3\.2s {2}total .* failed {2}video\.mp4$/);
    expect(said[0]).toBe('manyget: no server answered');
    expect((await outputOf(false))[0].join('')).toBe('');
  });

  test('with -v every decision', async () => {
    const io = memoryIo();
    const running = start(io, [url, '-v']);
    await running.begun;
    running.handle.emit({
      atMs: 900,
      type: 'segment-assigned',
      source: 0,
      connection: 0,
      start: 0,
      end: 9,
      reason: 'idle',
    });
    running.handle.finish();
    await running.status;
    expect(io.stdout.lines()[0]).toBe('0.9s  127.0.0.1:9001 gets 9 B: idle');
  });

  test('with -q nothing at all', async () => {
    const io = memoryIo();
    const running = start(io, [url, '-q']);
    await running.begun;
    running.handle.finish();
    await running.status;
    expect([io.stdout.text, io.stderr.text]).toEqual(['', '']);
  });
});

test('NDJSON: every line an object, every field there, the report last', async () => {
  const io = memoryIo();
  const running = start(io, [url, '--json']);
  await running.begun;
  running.handle.state = { ...running.handle.state, etaMs: undefined };
  running.handle.emit({ atMs: 5, type: 'notice', reason: 'one\ntwo' });
  running.handle.finish();
  expect(await running.status).toBe(0);
  const lines = io.stdout.lines().map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map((line) => line['type'])).toEqual(['start', 'event', 'snapshot', 'report']);
  expect(lines[0]).toEqual({ type: 'start', format: 1, command: 'get' });
  expect(lines[1]).toEqual({ type: 'event', event: { atMs: 5, type: 'notice', reason: 'one\ntwo' } });
  expect(lines[2]?.['snapshot']).toMatchObject({ etaMs: null, doneBytes: 8 * 1024 * 1024 });
  expect(lines[3]?.['report']).toMatchObject({ piecesVerified: 20, sha256Origin: 'stated' });
});

describe('a failure', () => {
  test('is one sentence, the command that goes on, and its own exit status', async () => {
    const io = memoryIo();
    const running = start(io, [url, '-o', 'my copy', '--no-resume']);
    await running.begun;
    running.handle.fail(new ManygetError('gave-up', 'no server answered for 60 s\u001b[2J'));
    expect(await running.status).toBe(7);
    expect(io.stderr.lines()).toEqual([
      'manyget: no server answered for 60 s\\u{1b}[2J',
      `         go on with: manyget get ${url} -o 'my copy' -r`,
    ]);
  });

  test('is in NDJSON, too', async () => {
    const io = memoryIo();
    const running = start(io, [url, '--json']);
    await running.begun;
    running.handle.fail(new ManygetError('output-exists', 'video.mp4 exists'));
    expect(await running.status).toBe(13);
    expect(JSON.parse(io.stdout.lines().at(-1) ?? '')).toEqual({
      type: 'error',
      error: {
        code: 'output-exists',
        scope: 'download',
        exitStatus: 13,
        message: 'video.mp4 exists',
        hint: 'replace it with --overwrite, or name another file with -o',
      },
    });
  });

  test('that nobody foresaw has status 1, and with -v its causes', async () => {
    const io = memoryIo();
    const running = start(io, [url, '-v']);
    await running.begun;
    running.handle.fail(new Error('boom', { cause: new Error('the fuse') }));
    expect(await running.status).toBe(1);
    expect(io.stderr.lines().slice(0, 3)).toEqual([
      'manyget: boom',
      '         code unexpected, exit status 1',
      '         caused by Error: boom',
    ]);
    expect(io.stderr.text).toContain('caused by Error: the fuse');
  });
});

test('what happens while the view is being loaded is shown', async () => {
  const io = memoryIo();
  const handle = new ScriptedDownload();
  // Unlike the scripted one, it keeps nothing for those who come late.
  const feed = new EventFeed<DownloadEvent>(10);
  handle.events = () => feed.read();
  const download = (): ScriptedDownload => {
    queueMicrotask(() => feed.emit({ type: 'notice', reason: 'it is early', atMs: 1 }));
    return handle;
  };
  const running = start(io, [url, '-v'], { download });
  await vi.waitFor(() => expect(io.stdout.text).toContain('it is early'));
  feed.end();
  handle.finish();
  expect(await running.status).toBe(0);
});

describe('the wish to end', () => {
  test('the first Ctrl-C cancels, keeps the state and says how to go on', async () => {
    const io = memoryIo();
    const running = start(io, [url]);
    await running.begun;
    io.signal('SIGINT');
    expect(await running.status).toBe(130);
    expect(running.handle.cancelled).toBe('stopped by you');
    expect(io.stderr.lines()).toEqual([
      'manyget: the download was stopped by you; its state is kept',
      `         go on with: manyget get ${url} -r`,
    ]);
    expect(io.stdout.lines()[0]).toBe('stopping; what is there is kept');
    expect(io.stdout.text).toMatch(/ETA - {2}stopped {2}video\.mp4/);
    expect(io.stdout.text).not.toContain('failed');
    expect(io.exits).toEqual([]);
  });

  test('the second one leaves at once', async () => {
    const io = memoryIo();
    const running = start(io, [url]);
    await running.begun;
    running.handle.cancel = () => Promise.resolve();
    io.signal('SIGTERM');
    io.signal('SIGINT');
    expect(io.exits).toEqual([130]);
    running.handle.finish();
    await running.status;
  });
});

describe('on a terminal', () => {
  test('the last frame and the report stay, and the cursor comes back', async () => {
    const terminal = new TerminalEmulator(80, 40);
    const io = memoryIo({ terminal });
    io.stdout.write('$ manyget get\n');
    const running = start(io, [url]);
    await running.begun;
    expect(terminal.cursorHidden).toBe(true);
    expect(terminal.lines()[1]).toContain('downloading from 2 of 2 servers');
    running.handle.state = { ...running.handle.state, phase: 'done' };
    running.handle.finish();
    expect(await running.status).toBe(0);
    const lines = terminal.lines();
    expect(lines[0]).toBe('$ manyget get');
    expect(lines[1]).toMatch(/^ video\.mp4 .* done {2}3\.2s$/);
    expect(lines).toContain('✓ video.mp4');
    expect([terminal.cursorHidden, terminal.autowrap, terminal.synchronized]).toEqual([false, true, false]);
    expect(terminal.scrollback).toEqual([]);
  });

  test('a new size is drawn anew', async () => {
    const terminal = new TerminalEmulator(100, 40);
    const io = memoryIo({ terminal });
    const running = start(io, [url, '-i', '3600']);
    await running.begun;
    for (const columns of [60, 40, 120, 80]) {
      io.stdout.resize(columns, 40);
      expect(terminal.lines()[0]).toContain('video.mp4  20.0 MiB');
      expect(terminal.lines().filter((line) => line.includes('video.mp4'))).toHaveLength(1);
    }
    running.handle.finish();
    await running.status;
  });

  test('after a failure the cursor is back before the sentence is printed', async () => {
    const terminal = new TerminalEmulator(80, 24);
    const io = memoryIo({ terminal });
    const running = start(io, [url]);
    await running.begun;
    io.stderr.write = (text: string): void => {
      expect([text === '', terminal.cursorHidden]).toEqual([false, false]);
    };
    running.handle.fail(new ManygetError('gave-up', 'no server answered'));
    expect(await running.status).toBe(7);
  });

  test.each([
    ['--no-progress', {}],
    ['-v', { env: { TERM: 'dumb' } }],
    ['-v', { foreground: false }],
  ])('plain lines with %s %j', async (flag, options) => {
    const terminal = new TerminalEmulator(120, 60);
    const io = memoryIo({ terminal, ...options });
    const running = start(io, [url, flag]);
    await running.begun;
    running.handle.finish();
    await running.status;
    expect(io.stdout.text).not.toContain('\u001b[?');
    expect(terminal.lines()[0]).toMatch(/^3\.2s {2}total/);
  });
});
