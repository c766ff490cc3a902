import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DownloadLab, eventsOf, failure, mib, seededBytes, until, untilDone } from '../support/download-lab.js';
import { commandPath } from '../support/command-path.js';

const size = 2 * mib;
const bytes = seededBytes(size, 1);

/** An unfinished download of `bytes`: a quarter of them are there, and verified. */
async function begun(lab: DownloadLab): Promise<string> {
  const server = await lab.script({ bytes, allowedBytes: size / 4 });
  const handle = lab.get([server.url]);
  await until(() => handle.snapshot().verifiedBytes === size / 4);
  await handle.cancel();
  server.allow(Infinity);
  return server.url;
}

describe.concurrent('an output', () => {
  it('that exists is left as it is', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes });
    writeFileSync(lab.output, 'mine');
    expect((await failure(lab.get([server.url]))).code).toBe('output-exists');
    expect(lab.written()?.toString()).toBe('mine');
    expect(lab.leftovers()).toEqual([]);
    await lab.get([server.url], { overwrite: true }).done;
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('in a folder that is missing is named with it', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes });
    const error = await failure(lab.get([server.url], { output: lab.path('nowhere', 'out.bin') }));
    expect(error.code).toBe('output-folder-missing');
    expect(error.message).toContain('nowhere');
  });

  it('below a file cannot be', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes });
    writeFileSync(lab.path('file'), '');
    const error = await failure(lab.get([server.url], { output: lab.path('file', 'out.bin') }));
    expect(error.code).toBe('output-folder-missing');
  });

  it('in a folder that takes no files is refused before anything is fetched', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes });
    // Whoever may write everywhere still cannot create files among the processes' own.
    const folder = process.getuid?.() === 0 ? '/proc/self' : lab.path('locked');
    if (process.getuid?.() !== 0) {
      mkdirSync(folder);
      chmodSync(folder, 0o555);
    }
    const error = await failure(lab.get([server.url], { output: `${folder}/out.bin` }));
    expect(['output-not-writable', 'output-folder-missing']).toContain(error.code);
    expect(server.sentBytes).toBe(0);
  });

  it('that another download of this process writes is refused, and that one goes on', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes, allowedBytes: mib });
    const first = lab.get([server.url]);
    await untilDone(first, mib);
    const error = await failure(lab.get([server.url]));
    expect(error.code).toBe('output-in-use');
    expect(error.message).toContain(String(process.pid));
    server.allow(size);
    await first.done;
    expect(lab.written()?.equals(bytes)).toBe(true);
    expect(lab.leftovers()).toEqual([]);
  });

  it('that another process writes is refused with its exit status', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes, allowedBytes: mib });
    const first = lab.get([server.url]);
    await untilDone(first, mib);
    const child = spawn(process.execPath, [commandPath, 'get', server.url, '-o', lab.output, '--quiet'], {
      stdio: 'pipe',
    });
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    const [status] = (await once(child, 'close')) as [number];
    expect(status).toBe(11);
    expect(said).toContain(String(process.pid));
    server.allow(size);
    await first.done;
    expect(lab.written()?.equals(bytes)).toBe(true);
  });
});

describe.concurrent('a journal', () => {
  it('that is damaged in its header proves nothing: all is fetched again', async () => {
    await using lab = await DownloadLab.create();
    const url = await begun(lab);
    const journal = readFileSync(`${lab.output}.part.journal`);
    journal[20] = (journal[20] ?? 0) ^ 0xff;
    writeFileSync(`${lab.output}.part.journal`, journal);
    const handle = lab.get([url]);
    const report = await handle.done;
    expect(report).toMatchObject({ resumedBytes: 0, fetchedBytes: size });
    expect(eventsOf(handle, 'notice')[0]?.reason).toContain('nothing to resume');
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('that is cut in a record is used up to there', async () => {
    await using lab = await DownloadLab.create();
    const url = await begun(lab);
    const path = `${lab.output}.part.journal`;
    truncateSync(path, statSync(path).size - 60);
    const report = await lab.get([url]).done;
    expect(report.resumedBytes).toBeGreaterThan(0);
    expect(report.resumedBytes + report.fetchedBytes).toBe(size);
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('that claims bytes which the part file does not hold is not believed', async () => {
    await using lab = await DownloadLab.create();
    const url = await begun(lab);
    const part = readFileSync(`${lab.output}.part`);
    part.fill(0, 70_000, 70_100);
    writeFileSync(`${lab.output}.part`, part);
    const report = await lab.get([url]).done;
    expect(report.resumedBytes).toBe(size / 4 - 65_536);
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('of another file stops, and everything stays as it was', async () => {
    await using lab = await DownloadLab.create();
    await begun(lab);
    const before = readFileSync(`${lab.output}.part`);
    const other = seededBytes(size + 1, 2);
    const server = await lab.script({ bytes: other });
    const error = await failure(lab.get([server.url]));
    expect(error.code).toBe('journal-other-file');
    expect(error.message).toContain('--no-resume');
    expect(readFileSync(`${lab.output}.part`).equals(before)).toBe(true);
    await lab.get([server.url], { resume: false }).done;
    expect(lab.written()?.equals(other)).toBe(true);
  });

  it('of other content of the same size stops, too', async () => {
    await using lab = await DownloadLab.create();
    const url = await begun(lab);
    const server = await lab.script({ bytes: seededBytes(size, 2) });
    expect((await failure(lab.get([server.url]))).code).toBe('journal-other-file');
    const report = await lab.get([url]).done;
    expect(report.resumedBytes).toBe(size / 4);
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('fits one server of three: that one is used, although it is the last to answer', async () => {
    await using lab = await DownloadLab.create();
    const fitting = await begun(lab);
    const others = [await lab.script({ bytes: seededBytes(size, 2) }), await lab.script({ bytes: seededBytes(9, 2) })];
    const handle = lab.get([...others.map((s) => s.url), fitting]);
    const report = await handle.done;
    expect(report).toMatchObject({ resumedBytes: size / 4 });
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it('of another version is refused by name, and kept', async () => {
    await using lab = await DownloadLab.create();
    const url = await begun(lab);
    const path = `${lab.output}.part.journal`;
    const journal = readFileSync(path);
    // The version, and its complement.
    journal[6] = 9;
    journal[7] = 0xff - 9;
    writeFileSync(path, journal);
    const error = await failure(lab.get([url]));
    expect(error.code).toBe('journal-version');
    expect(readFileSync(path).equals(journal)).toBe(true);
  });

  it('without its part file, or a part file without it, is of no use', async () => {
    await using lab = await DownloadLab.create();
    const url = await begun(lab);
    rmSync(`${lab.output}.part`);
    expect(await lab.get([url], { output: lab.output }).done).toMatchObject({ resumedBytes: 0 });
    writeFileSync(lab.path('second.part'), 'x');
    expect(await lab.get([url], { output: lab.path('second') }).done).toMatchObject({ resumedBytes: 0 });
    expect(lab.written(lab.path('second'))?.equals(bytes)).toBe(true);
  });
});
