import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { DownloadLab, failure, mib, seededBytes, until } from '../support/download-lab.js';
import { freePort } from '../support/free-port.js';

const bytes = seededBytes(mib, 7);

describe.concurrent('a port where', () => {
  const strangers = [
    {
      what: 'an HTTP server answers',
      talk: (socket: Socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')),
      code: 'not-mgp',
      says: 'it answered as an HTTP server',
    },
    {
      what: 'garbage comes',
      talk: (socket: Socket) => socket.write(Buffer.from('5d\u0000\u001b[2Jnoise and more noise')),
      code: 'not-mgp',
      says: 'expected its preamble',
    },
    {
      what: 'nobody says anything',
      talk: () => undefined,
      code: 'source-silent',
      says: 'said nothing within 0.3 s',
    },
    {
      what: 'everybody is hung up on',
      talk: (socket: Socket) => socket.end(),
      code: 'not-mgp',
      says: 'closed the connection before it said hello',
    },
  ];

  it.each(strangers)('$what is named for it, and the others deliver', async ({ talk, code, says }) => {
    await using lab = await DownloadLab.create();
    const port = await lab.listen(talk);
    const server = await lab.script({ bytes, allowedBytes: 0 });
    const handle = lab.get([`mgp://127.0.0.1:${port}/file.bin`, server.url], { connectTimeoutMs: 300 });
    await until(() => handle.snapshot().sources[0]?.note.includes(says) === true);
    expect(handle.recentEvents(100)).toContainEqual(expect.objectContaining({ type: 'source-lost', source: 0, code }));
    server.allow(mib);
    await handle.done;
    expect(lab.written()?.equals(bytes)).toBe(true);
  });

  it.each(strangers)('$what, and nothing else: ends with one sentence', async ({ talk, says }) => {
    await using lab = await DownloadLab.create();
    const port = await lab.listen(talk);
    const url = `mgp://127.0.0.1:${port}/file.bin`;
    const error = await failure(lab.get([url], { connectTimeoutMs: 300, giveUpAfterMs: 500 }));
    expect(error.code).toBe('no-source');
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(error.message).toContain(says);
    // eslint-disable-next-line no-control-regex -- nothing that a stranger sent may move a cursor
    expect(error.message).not.toMatch(/[\u0000-\u001f]/);
    expect(lab.leftovers()).toEqual([]);
  });
});

describe.concurrent('a server that hangs up without a word', () => {
  it.each([
    ['mgps', 'closed the connection before TLS was agreed on (where it has none, its address begins with mgp://)'],
    ['https', 'closed the connection before TLS was agreed on (where it has none, its address begins with http://)'],
    ['mgp', 'closed the connection before it said hello (where it wants TLS, its address begins with mgps://)'],
    ['http', 'closed the connection without an answer'],
  ])('may be one with TLS where none is spoken, or the other way round: %s', async (scheme, says) => {
    await using lab = await DownloadLab.create();
    const port = await lab.listen((socket) => socket.once('data', () => socket.end()));
    const url = `${scheme}://127.0.0.1:${port}/file.bin`;
    const error = await failure(lab.get([url], { giveUpAfterMs: 300 }));
    expect(error.code).toBe('no-source');
    expect(error.message).toContain(`server 127.0.0.1:${port} ${says}`);
  });
});

describe.concurrent('no server reachable', () => {
  it('ends with each one and its reason', async () => {
    await using lab = await DownloadLab.create();
    const ports = [await freePort(), await freePort()];
    const urls = ports.map((port) => `mgp://127.0.0.1:${port}/file.bin`);
    const error = await failure(lab.get(urls, { giveUpAfterMs: 300 }));
    expect(error.code).toBe('no-source');
    for (const port of ports) expect(error.message).toMatch(new RegExp(`127.0.0.1:${port}[^;]*refused`));
    expect(lab.leftovers()).toEqual([]);
    expect(lab.written()).toBeUndefined();
  });

  it('but one: that one delivers', async () => {
    await using lab = await DownloadLab.create();
    const server = await lab.script({ bytes });
    const report = await lab.get([`mgp://127.0.0.1:${await freePort()}/file.bin`, server.url]).done;
    expect(report.sources[1]?.bytes).toBe(mib);
    expect(lab.written()?.equals(bytes)).toBe(true);
  });
});

describe.concurrent('a file that is not there', () => {
  it('on any server: says what there is', async () => {
    await using lab = await DownloadLab.create();
    const fleet = await lab.serve([lab.file('one.bin', 10).path, lab.file('two.bin', 20).path], { servers: 2 });
    const error = await failure(lab.get(fleet.urls('three.bin')));
    expect(error.code).toBe('file-not-found');
    expect(error.message).toContain('"three.bin"');
    expect(error.message).toContain('offers "one.bin", "two.bin"');
    expect(lab.leftovers()).toEqual([]);
  });

  it('says first what may have been meant', async () => {
    await using lab = await DownloadLab.create();
    const paths = Array.from({ length: 12 }, (_, i) => lab.file(`${'a'.repeat(100)}${i}.bin`, 10).path);
    const fleet = await lab.serve([...paths, lab.file('video.mp4', 20).path], { servers: 1 });
    const error = await failure(lab.get(fleet.urls('films/vidoe.mp4')));
    expect(error.message).toMatch(/offers "video.mp4", "a{79}…", .* and 5 more$/);
  });

  it('over HTTP, which has no list: does not say that there is nothing', async () => {
    await using lab = await DownloadLab.create();
    const fleet = await lab.serve([lab.file('one.bin', 10).path], { servers: 1 });
    const urls = fleet.urls('three.bin').map((url) => url.replace(/^mgp:/, 'http:'));
    const error = await failure(lab.get(urls));
    expect([error.code, error.message]).toEqual(['file-not-found', expect.not.stringContaining('offers')]);
  });

  it('on one of two servers: the other one delivers', async () => {
    await using lab = await DownloadLab.create();
    const file = lab.file('one.bin', mib);
    const has = await lab.serve(file.path);
    const hasNot = await lab.serve(lab.file('two.bin', 20).path);
    const handle = lab.get([hasNot.url(1, 'one.bin'), has.url(1)]);
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
    expect(handle.snapshot().sources[0]).toMatchObject({ state: 'quarantined' });
  });

  it('on the only one: one that is added while it is asked what it has delivers', async () => {
    await using lab = await DownloadLab.create();
    const has = await lab.script({ bytes, allowedBytes: 0 });
    const hasNot = new URL((await lab.serve(lab.file('two.bin', 20).path)).url(1));
    let connections = 0;
    let isAnswered = false;
    // Who asks for the list waits for it until its patience ends.
    const port = await lab.listen((socket) => {
      connections += 1;
      if (connections > 1) {
        socket.resume().on('close', () => (isAnswered = true));
        return;
      }
      const server = connect(Number(hasNot.port), hasNot.hostname);
      server.on('error', () => socket.destroy());
      server.pipe(socket).pipe(server);
    });
    const limits = { connectTimeoutMs: 500, connectionsPerSourceMax: 1 };
    const handle = lab.get([`mgp://127.0.0.1:${port}/one.bin`], limits);
    await until(() => connections === 2);
    handle.addSource(has.url);
    await until(() => isAnswered);
    has.allow(mib);
    await handle.done;
    expect(lab.written()?.equals(bytes)).toBe(true);
  });
});

describe.concurrent('a server that refuses every range', () => {
  it.each(['busy', 'read-failed', 'failed'] as const)(
    'with "%s" leaves the work to the others',
    async (refusesWith) => {
      await using lab = await DownloadLab.create();
      const refusing = await lab.script({ bytes, refusesWith });
      const server = await lab.script({ bytes });
      const report = await lab.get([refusing.url, server.url]).done;
      expect(report.sources.map((s) => s.bytes)).toEqual([0, mib]);
      expect(lab.written()?.equals(bytes)).toBe(true);
    },
  );

  it('and is the only one: gives up, with the reason', async () => {
    await using lab = await DownloadLab.create();
    const refusing = await lab.script({ bytes, refusesWith: 'read-failed' });
    const error = await failure(lab.get([refusing.url], { giveUpAfterMs: 700 }));
    expect(error.code).toBe('gave-up');
    expect(error.message).toContain('the script says no');
  });
});
