import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { realDisk } from '../../src/store/disk.js';
import { forgetThreads, lockOutput } from '../../src/store/output-lock.js';
import { FaultyDisk } from '../support/faulty-disk.js';
import { tempFolder } from '../support/temp-folder.js';

/** Takes the lock of argv[1] once its input says so, tells the outcome, and waits to be killed. */
const taker = `
  import { lockOutput } from ${JSON.stringify(new URL('../../dist/store/output-lock.js', import.meta.url).href)};
  import { realDisk } from ${JSON.stringify(new URL('../../dist/store/disk.js', import.meta.url).href)};
  process.stdin.once('data', () => {
    try {
      lockOutput(realDisk, process.argv[1]);
      process.stdout.write('taken\\n');
    } catch (error) {
      process.stdout.write((error.code ?? String(error)) + '\\n');
    }
  });
  process.stdin.on('end', () => process.exit(0));
  process.stdout.write('ready\\n');
`;

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

interface Taker {
  readonly pid: number;
  go(): Promise<string>;
  kill(): Promise<void>;
}

async function startTaker(output: string): Promise<Taker> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', taker, output], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const line = async (): Promise<string> => {
    const [bytes] = (await once(child.stdout, 'data')) as [Buffer];
    return bytes.toString().trim();
  };
  expect(await line()).toBe('ready');
  return {
    pid: child.pid ?? 0,
    go() {
      child.stdin.write('go\n');
      return line();
    },
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

function place(): string {
  return path.join(tempFolder(), 'a.bin');
}

function holder(change: object): string {
  const self = {
    generation: '00112233445566aa',
    pid: process.pid,
    host: os.hostname(),
    sinceMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  };
  return JSON.stringify({ ...self, ...change });
}

function lockFile(output: string): string {
  return `${output}.part.lock`;
}

describe('the lock of an output', () => {
  it('is held once, by name and time, and free after its release', () => {
    const output = place();
    const lock = lockOutput(realDisk, output);
    expect(readdirSync(path.dirname(output))).toEqual(['a.bin.part.lock']);
    expect(() => lockOutput(realDisk, output)).toThrow(
      expect.objectContaining({
        code: 'output-in-use',
        message: expect.stringMatching(
          new RegExp(`^"${output}" is being downloaded by process ${process.pid} since 20..-..-..T`),
        ) as string,
      }),
    );
    lock.release();
    lock.release();
    expect(readdirSync(path.dirname(output))).toEqual([]);
    lockOutput(realDisk, output).release();
  });

  it('is refused while another process lives, and taken over once that is killed', async () => {
    const output = place();
    const other = await startTaker(output);
    expect(await other.go()).toBe('taken');
    expect(() => lockOutput(realDisk, output)).toThrow(`by process ${other.pid} since`);
    await other.kill();
    const lock = lockOutput(realDisk, output);
    expect(readFileSync(lockFile(output), 'utf8')).toContain(`"pid":${process.pid}`);
    lock.release();
    expect(readdirSync(path.dirname(output))).toEqual([]);
  });

  it('is taken over by exactly one of several that find it stale at the same time', async () => {
    const output = place();
    const takers = await Promise.all(Array.from({ length: 4 }, () => startTaker(output)));
    for (let round = 0; round < 5; round += 1) {
      const generation = round.toString(16).padStart(16, '0');
      writeFileSync(lockFile(output), holder({ generation, pid: 2 ** 22 + 5 }));
      const first = await Promise.all(takers.map((t) => t.go()));
      expect(first.filter((answer) => answer === 'taken').length).toBe(1);
      expect(first.filter((answer) => answer === 'output-in-use').length).toBe(3);
      const winner = takers[first.indexOf('taken')];
      expect(readFileSync(lockFile(output), 'utf8')).toContain(`"pid":${winner?.pid}`);
      expect(readdirSync(path.dirname(output))).toEqual(['a.bin.part.lock']);
      await Promise.all(takers.map((t) => t.kill()));
      takers.splice(0, 4, ...(await Promise.all(Array.from({ length: 4 }, () => startTaker(output)))));
    }
  });

  it.runIf(process.platform === 'linux')('is stale where its process id belongs to a newer process', () => {
    const output = place();
    writeFileSync(lockFile(output), holder({ processStart: '1' }));
    lockOutput(realDisk, output).release();
    writeFileSync(lockFile(output), holder({ boot: 'before the last boot' }));
    lockOutput(realDisk, output).release();
    expect(readdirSync(path.dirname(output))).toEqual([]);
  });

  it('of a thread of this process that ended without giving it back is free once somebody says so', async () => {
    const output = path.join(tempFolder(), 'file');
    const text = `
      Promise.all([import(process.env.LOCK), import(process.env.DISK)]).then(([{ lockOutput }, { realDisk }]) => {
        lockOutput(realDisk, ${JSON.stringify(output)});
      });
    `;
    const dist = (name: string): string => new URL(`../../dist/store/${name}.js`, import.meta.url).href;
    const thread = new Worker(text, { eval: true, env: { LOCK: dist('output-lock'), DISK: dist('disk') } });
    const { threadId } = thread;
    await once(thread, 'exit');
    expect(() => lockOutput(realDisk, output)).toThrow('is being downloaded by process');
    forgetThreads([threadId + 1000]);
    expect(() => lockOutput(realDisk, output)).toThrow('is being downloaded by process');
    forgetThreads([threadId]);
    const lock = lockOutput(realDisk, output);
    expect(() => lockOutput(realDisk, output)).toThrow('is being downloaded by process');
    lock.release();
  });

  it('of another host is never judged, and the way out is named', () => {
    const output = place();
    writeFileSync(lockFile(output), holder({ host: 'far\u001b[31m.example', pid: 1 }));
    expect(() => lockOutput(realDisk, output)).toThrow(
      `"${output}" is being downloaded by process 1 on host far\\u{1b}[31m.example (delete "${lockFile(output)}" if it ` +
        'no longer runs there) since 2026-01-02T03:04:05.000Z',
    );
  });

  it('that says nothing readable is stale once it is old, and in use while it may be in the making', () => {
    const output = place();
    for (const text of ['', 'garbage', '{"pid":0}', '[]', 'null', holder({ pid: -1 }), holder({ sinceMs: 1e300 })]) {
      writeFileSync(lockFile(output), text);
      expect(() => lockOutput(realDisk, output)).toThrow('is being locked by another process right now');
      utimesSync(lockFile(output), 1000, 1000);
      lockOutput(realDisk, output).release();
    }
    expect(readdirSync(path.dirname(output))).toEqual([]);
  });

  it('is taken in spite of a taker that was killed while it took a stale one over', () => {
    const output = place();
    const dead = { pid: 2 ** 22 + 5 };
    writeFileSync(lockFile(output), holder(dead));
    writeFileSync(`${lockFile(output)}.00112233445566aa`, holder({ ...dead, generation: 'bb'.repeat(8) }));
    writeFileSync(`${lockFile(output)}.${'cc'.repeat(8)}`, holder({ ...dead, generation: 'dd'.repeat(8) }));
    writeFileSync(`${lockFile(output)}.txt`, 'not ours');
    const lock = lockOutput(realDisk, output);
    lock.release();
    expect(readdirSync(path.dirname(output))).toEqual(['a.bin.part.lock.txt']);
  });

  it('works on a file system without hard links', () => {
    const output = place();
    const disk = new FaultyDisk();
    disk.fail('link', 'EPERM', { times: 99 });
    const lock = lockOutput(disk, output);
    expect(() => lockOutput(disk, output)).toThrow('is being downloaded by');
    lock.release();
    expect(readdirSync(path.dirname(output))).toEqual([]);
  });

  it('leaves nothing behind on a disk that is full or broken', () => {
    const output = place();
    const disk = new FaultyDisk();
    disk.spaceBytes = 0;
    expect(() => lockOutput(disk, output)).toThrow(expect.objectContaining({ code: 'disk-full' }));
    disk.spaceBytes = 20;
    expect(() => lockOutput(disk, output)).toThrow(expect.objectContaining({ code: 'io-failed' }));
    disk.heal();
    disk.fail('link', 'EIO');
    expect(() => lockOutput(disk, output)).toThrow(expect.objectContaining({ code: 'io-failed' }));
    expect(readdirSync(path.dirname(output))).toEqual([]);
  });

  it('is not fooled by a symbolic link in its place', () => {
    const output = place();
    symlinkSync('/nowhere/at/all', lockFile(output));
    expect(() => lockOutput(realDisk, output)).toThrow(/symbolic link/);
  });

  it('of somebody else is left alone by a late release', () => {
    const output = place();
    const lock = lockOutput(realDisk, output);
    writeFileSync(lockFile(output), holder({}));
    lock.release();
    expect(readFileSync(lockFile(output), 'utf8')).toBe(holder({}));
  });
});
