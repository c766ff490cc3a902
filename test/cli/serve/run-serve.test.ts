import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { ManygetError } from '../../../src/base/errors.js';
import type { ServeOptions } from '../../../src/base/fleet-handle.js';
import { parseArguments } from '../../../src/cli/program.js';
import { runServe, type ServeDeps } from '../../../src/cli/serve/run-serve.js';
import { memoryIo, type MemoryIo } from '../../support/cli-streams.js';
import { ScriptedFleet } from '../../support/scripted-fleet.js';
import { TerminalEmulator } from '../../support/terminal-emulator.js';

interface Running {
  readonly fleet: ScriptedFleet;
  readonly options: ServeOptions[];
  readonly status: Promise<number>;
}

function start(io: MemoryIo, args: string[], serve?: ServeDeps['serve']): Running {
  const fleet = new ScriptedFleet();
  const options: ServeOptions[] = [];
  const deps: ServeDeps = {
    serve:
      serve ??
      ((given) => {
        options.push(given);
        return Promise.resolve(fleet);
      }),
  };
  const invocation = parseArguments(['serve', ...args]);
  if (invocation.type !== 'serve') throw new Error(invocation.type);
  return { fleet, options, status: runServe(invocation.request, deps, io) };
}

test('plain: addresses and the ready-made command first, answers to what is typed, the state at the end', async () => {
  const io = memoryIo();
  const { fleet, options, status } = start(io, ['video.mp4', '-i', '3600']);
  io.stdin.write('e2\nzz\ne9\no1\nstatus\n');
  io.stdin.write('quit\n');
  expect(await status).toBe(0);
  expect(fleet.told).toEqual(['close 2', 'open 1', 'stop']);
  expect(options[0]).toMatchObject({ paths: ['video.mp4'], ports: [9001, 9002, 9003, 9004] });
  const lines = io.stdout.lines();
  expect(lines.slice(0, 5)).toEqual([
    'serving video.mp4 (20.0 MiB) on 2 servers:',
    '  mgp://127.0.0.1:9001/video.mp4',
    '  mgp://127.0.0.1:9002/video.mp4',
    'fetch video.mp4 from all of them with:',
    '  manyget get -a 127.0.0.1 -p 9001-9002 video.mp4',
  ]);
  expect(lines).toContain('12s  server 2  port 9002  closed  1 client  3.00 MiB sent  1.50 MiB/s');
  expect(lines).toContain('"e9" names no server: servers are 1 to 2');
  expect(lines).toContain('cannot open server 1: server 1 is open');
  expect(lines.some((line) => line.startsWith('"zz" is no command'))).toBe(true);
});

test.each([
  [['--host', '0.0.0.0'], true],
  [['--host', '192.0.2.1'], true],
  [['--host', '127.0.0.2'], false],
  [[], false],
  [['--host', '0.0.0.0', '--token', 'a secret of 16 or more'], false],
])('with %j who may come in from elsewhere without a token is warned of: %s', async (flags, isWarned) => {
  const io = memoryIo();
  const { status } = start(io, ['video.mp4', '-i', '3600', ...flags]);
  io.stdin.write('quit\n');
  expect(await status).toBe(0);
  expect(io.stderr.text.includes('WARNING')).toBe(isWarned);
});

const certificate = fileURLToPath(new URL('../../fixtures/test-only-certificate.pem', import.meta.url));

test('over TLS the addresses, and the command, say so', async () => {
  const io = memoryIo();
  const { status } = start(io, ['video.mp4', '-i', '3600', '--tls-cert', certificate, '--tls-key', 'key.pem']);
  io.stdin.write('quit\n');
  expect(await status).toBe(0);
  expect(io.stdout.lines().slice(1, 5)).toEqual([
    '  mgps://127.0.0.1:9001/video.mp4',
    '  mgps://127.0.0.1:9002/video.mp4',
    'fetch video.mp4 from all of them with:',
    '  manyget get mgps://127.0.0.1:9001/video.mp4 mgps://127.0.0.1:9002/video.mp4' +
      ' --pin sha256//LO2qD7yQw63raNwtqpBdaaededQbS4Jom96QDCv3/sY=',
  ]);
});

test('the end of a piped input stops nothing', async () => {
  const io = memoryIo();
  const { fleet, status } = start(io, ['video.mp4', '-i', '3600']);
  const closed = new Promise((resolve) => io.stdin.once('close', resolve));
  io.stdin.end('e1\n');
  await closed;
  expect(fleet.told).toEqual(['close 1']);
  io.signal('SIGTERM');
  expect(await status).toBe(0);
  expect(fleet.told).toEqual(['close 1', 'stop']);
});

test('the second signal leaves at once', async () => {
  const io = memoryIo();
  const { fleet, status } = start(io, ['video.mp4', '-q']);
  let finish = (): void => {};
  fleet.stop = () =>
    new Promise((resolve) => {
      finish = resolve;
    });
  const line = new Promise((resolve) => io.stdin.once('resume', resolve));
  await line;
  io.signal('SIGINT');
  expect(io.exits).toEqual([]);
  io.signal('SIGINT');
  expect(io.exits).toEqual([130]);
  await ScriptedFleet.prototype.stop.call(fleet);
  finish();
  expect(await status).toBe(0);
});

test('NDJSON: snapshots, events and answers', async () => {
  const io = memoryIo();
  const { fleet, status } = start(io, ['video.mp4', '--json', '-i', '3600']);
  fleet.emit({ type: 'file', name: 'video.mp4', reason: 'hashed' });
  io.stdin.write('nonsense\nquit\n');
  expect(await status).toBe(0);
  const lines = io.stdout.lines().map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.slice(0, 2).map((line) => line['type'])).toEqual(['start', 'snapshot']);
  expect(lines).toContainEqual({ type: 'event', event: { type: 'file', name: 'video.mp4', reason: 'hashed' } });
  expect(lines.filter((line) => line['type'] === 'message')).toHaveLength(1);
  expect(lines.filter((line) => line['type'] === 'ending')).toHaveLength(1);
  expect(lines.at(-1)?.['type']).toBe('snapshot');
});

test('a fleet that cannot start is one sentence and its exit status', async () => {
  const io = memoryIo();
  const { status } = start(io, ['video.mp4'], () =>
    Promise.reject(new ManygetError('port-in-use', 'port 9001 is taken')),
  );
  expect(await status).toBe(40);
  expect(io.stderr.lines()).toEqual([
    'manyget: port 9001 is taken',
    '         choose other ports with -p, or free ones with -p 0',
  ]);
});

test('a signal while the fleet starts calls the start off', async () => {
  const io = memoryIo();
  const { status } = start(
    io,
    ['video.mp4'],
    ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new ManygetError('aborted', 'called off')));
      }),
  );
  io.signal('SIGINT');
  expect(await status).toBe(130);
});

test('without arguments and without a terminal it says what to write', async () => {
  await expect(start(memoryIo(), []).status).rejects.toMatchObject({
    code: 'usage',
    message: 'serve takes the files and folders to offer: manyget serve FILE...',
  });
});

describe('on a terminal', () => {
  function typed(io: MemoryIo, keys: string): Promise<void> {
    return new Promise((resolve) => {
      io.stdin.write(keys, () => setImmediate(resolve));
    });
  }

  async function drawn(io: MemoryIo): Promise<void> {
    while (!(io.stdout.terminal?.lines().some((line) => line.startsWith(' >')) ?? false)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  test('what is typed is echoed, carried out, and answered', async () => {
    const terminal = new TerminalEmulator(80, 24);
    const io = memoryIo({ terminal });
    const { fleet, status } = start(io, ['video.mp4', '-i', '3600']);
    await drawn(io);
    expect([io.stdin.raw, terminal.cursorHidden]).toEqual([true, true]);
    expect(terminal.lines().at(-1)).toBe(' > _  e2 closes server 2, o2 opens it, k2 kills it, status, quit');
    await typed(io, 'e3\u007f2');
    expect(terminal.lines().at(-1)).toBe(' > e2_');
    await typed(io, '\r');
    await typed(io, 'nope\r');
    expect(fleet.told).toEqual(['close 2']);
    expect(terminal.lines().join('\n')).toContain('"nope" is no command');
    await typed(io, '\u0003');
    expect(await status).toBe(0);
    expect(fleet.told).toEqual(['close 2', 'stop']);
    expect([io.stdin.raw, terminal.cursorHidden]).toEqual([false, false]);
    expect(terminal.lines().at(-1)).not.toContain('>');
  });

  test('whatever ends the process, the terminal is given back', async () => {
    const terminal = new TerminalEmulator(80, 24);
    const io = memoryIo({ terminal });
    const { status } = start(io, ['video.mp4']);
    await drawn(io);
    io.exit();
    expect([io.stdin.raw, terminal.cursorHidden]).toEqual([false, false]);
    io.signal('SIGHUP');
    await status;
  });

  test('a job in the background neither draws nor reads', async () => {
    const io = memoryIo({ terminal: new TerminalEmulator(80, 24), foreground: false });
    const { fleet, status } = start(io, ['video.mp4', '-i', '3600']);
    io.stdin.write('quit\n');
    await new Promise((resolve) => setImmediate(resolve));
    expect([io.stdin.raw, fleet.told]).toEqual([undefined, []]);
    io.signal('SIGTERM');
    expect(await status).toBe(0);
    expect(io.stdout.text).not.toContain('\u001b');
  });
});
