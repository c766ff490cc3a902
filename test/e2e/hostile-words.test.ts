import { mkdirSync, readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { download } from '../../src/app/download.js';
import { listFiles } from '../../src/app/list.js';
import { runGet } from '../../src/cli/get/run-get.js';
import { printError } from '../../src/cli/error-output.js';
import { parseArguments } from '../../src/cli/program.js';
import { encodePreamble } from '../../src/wire/mgp-frame.js';
import { encodeMessage } from '../../src/wire/mgp-messages.js';
import { memoryIo, type MemoryIo } from '../support/cli-streams.js';
import { DownloadLab, mib, seededBytes } from '../support/download-lab.js';
import { talkHttp, talkMgp } from '../support/hostile-servers.js';
import { TerminalEmulator } from '../support/terminal-emulator.js';

/** Names and texts of servers, and what becomes of them: on the disk, on a terminal, in the next request. */
const bytes = seededBytes(mib, 7);
const name = 'a\u001b[2J\u001b]0;owned\u0007\u009b1mb\u202e.bin';
// eslint-disable-next-line no-control-regex -- these are the very ones that are to be seen nowhere
const foreign = /owned\u0007|\u001b\[2J|\u009b|\u202e/;

const names = [
  ['../../etc/passwd', 'passwd'],
  ['/etc/passwd', 'passwd'],
  ['..\\..\\evil.exe', 'evil.exe'],
  ['a\0b', 'a_b'],
  ['CON', '_CON'],
  ['nul.txt', '_nul.txt'],
  ['-rf', '_rf'],
  ['.bashrc', '_bashrc'],
  [name, 'a_[2J_]0;owned__1mb_.bin'],
] as const;

describe.concurrent('the name of the file of a native server', () => {
  it.each(names)('is safe where an address has it: %j', async (given, expected) => {
    await using lab = await DownloadLab.create();
    const { port } = await lab.script({ bytes, name: given });
    const output = lab.path('in', 'side');
    mkdirSync(output, { recursive: true });
    const report = await lab.get([`mgp://127.0.0.1:${port}/${encodeURIComponent(given)}`], { output }).done;
    expect(readdirSync(output)).toEqual([expected]);
    expect([readdirSync(lab.path('in')), report.outputPath]).toEqual([['side'], lab.path('in', 'side', expected)]);
  });

  it.each(names)('is not what the server makes of it: %j', async (given) => {
    await using lab = await DownloadLab.create();
    const { port } = await lab.script({ bytes, name: given });
    const output = lab.path('in');
    mkdirSync(output);
    await lab.get([`mgp://127.0.0.1:${port}/file.bin`], { output }).done;
    expect(readdirSync(output)).toEqual(['file.bin']);
  });
});

// eslint-disable-next-line no-control-regex -- an escape is what goes through as one byte
const goneAnswer = `HTTP/1.1 503 ${name.replace(/[^\x20-\xff\u001b]/g, '')}\r\nContent-Length: 0\r\n\r\n`;

/** Runs `manyget get`, and says what it printed. */
async function printed(io: MemoryIo, ...args: string[]): Promise<string> {
  const invocation = parseArguments(['get', ...args, '--give-up-after', '1', '--connect-timeout', '0.3']);
  if (invocation.type !== 'get') throw new Error(invocation.type);
  await runGet(invocation.request, { download, listFiles }, io).catch((error: unknown) => printError(io, error));
  return io.stdout.text + io.stderr.text;
}

describe.concurrent('what a server says, on a terminal and in a pipe,', () => {
  const sayings: [what: string, scheme: string, talk: (socket: Socket) => void][] = [
    [
      'a refusal',
      'mgp',
      talkMgp(bytes, { onStat: (s, id) => s.write(encodeMessage.error(id, { code: 'failed', message: name })) }),
    ],
    ['a farewell', 'mgp', talkMgp(bytes, { onStat: (s) => s.write(encodeMessage.goodbye({ reason: name })) })],
    [
      'its version',
      'mgp',
      talkMgp(bytes, {
        stat: (right) => ({ ...right, version: name }),
        onRange: (s, id) => s.write(encodeMessage.error(id, { code: 'changed', message: name })),
      }),
    ],
    ['noise', 'mgp', (socket) => socket.write(name)],
    ['its reason', 'http', talkHttp((s) => s.write(goneAnswer))],
    [
      'the place of a redirect',
      'http',
      talkHttp((s) => s.write('HTTP/1.1 302 F\r\nLocation: x\u009b:%1b[2J\r\nContent-Length: 0\r\n\r\n')),
    ],
    [
      'the type of a file',
      'http',
      talkHttp((s) => s.write('HTTP/1.1 200 OK\r\nContent-Type: text/html\u009b1m\r\nContent-Length: 5\r\n\r\nhello')),
    ],
    [
      'a coding',
      'http',
      talkHttp((s) => s.write('HTTP/1.1 200 OK\r\nContent-Encoding: \u009b1m\r\nContent-Length: 5\r\n\r\nhello')),
    ],
    [
      'a name in a header',
      'http',
      talkHttp((s) =>
        s.write(
          "HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename*=UTF-8''a%1b%5b2J%c2%9b1m%0d%0a\r\nContent-Length: 5\r\n\r\nhello",
        ),
      ),
    ],
  ];

  it.each(sayings)('%s moves no cursor', async (_what, scheme, talk) => {
    await using lab = await DownloadLab.create();
    const url = `${scheme}://127.0.0.1:${await lab.listen(talk)}/a%1b%5b2J%c2%9bb`;
    const folder = lab.path('out');
    mkdirSync(folder);
    const drawn = await printed(memoryIo({ terminal: new TerminalEmulator(100, 30) }), url, '-d', folder);
    expect(drawn).not.toMatch(foreign);
    for (const flags of [['-v'], ['-v', '--no-progress'], []]) {
      const lines = await printed(memoryIo(), url, '-d', folder, '--overwrite', ...flags);
      // eslint-disable-next-line no-control-regex -- in a pipe there is nothing but lines
      expect(lines).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(lines).not.toBe('');
    }
  });

  it('the name of its file moves none either', async () => {
    await using lab = await DownloadLab.create();
    const { port } = await lab.script({ bytes, name });
    const url = `mgp://127.0.0.1:${port}/file.bin`;
    const drawn = await printed(memoryIo({ terminal: new TerminalEmulator(100, 30) }), url, '-d', lab.folder);
    expect(drawn).not.toMatch(foreign);
    expect(await printed(memoryIo(), url, '-d', lab.folder, '--overwrite', '-v')).not.toMatch(foreign);
  });

  it('the names in its list move none either', async () => {
    await using lab = await DownloadLab.create();
    const files = [name, `${name}2`].map((one) => ({ name: one, size: 1, mtimeMs: 1 }));
    const port = await lab.listen((socket) => {
      socket.write(encodePreamble());
      socket.write(encodeMessage.helloAnswer({ agent: name }));
      socket.write(encodeMessage.listAnswer(1, { files, more: false }));
    });
    const said = await printed(memoryIo(), '-p', String(port));
    expect(said).toContain('name one of them');
    expect(said).not.toMatch(foreign);
  });
});

describe.concurrent('the requests that follow what a server says', () => {
  it('hold no line that it has put there', async () => {
    await using lab = await DownloadLab.create();
    const heads: string[] = [];
    const port = await lab.listen(
      talkHttp((socket, head, range) => {
        heads.push(head);
        if (heads.length === 1) {
          socket.write(
            'HTTP/1.1 302 F\r\nLocation: /b%0d%0aX-Injected:%20path\r\nSet-Cookie: c=1%0d%0aX-Injected: cookie\r\nContent-Length: 0\r\n\r\n',
          );
          return;
        }
        const [start, end] = [range?.start ?? 0, Math.min(range?.end ?? mib, mib)];
        socket.write(
          `HTTP/1.1 206 P\r\nETag: "x%0d%0aX-Injected: tag"\r\nContent-Length: ${end - start}\r\nContent-Range: bytes ${start}-${end - 1}/${mib}\r\n\r\n`,
        );
        socket.write(bytes.subarray(start, end));
      }),
    );
    await lab.get([`http://127.0.0.1:${port}/file.bin`], { http: { netrc: false, proxy: {} } }).done;
    expect(heads.length).toBeGreaterThan(1);
    const known =
      /^(?:GET \S+ HTTP\/1\.1|(?:host|user-agent|accept|accept-encoding|range|if-range|cookie|connection|want-digest|want-repr-digest): [\x20-\x7e]*)$/i;
    for (const line of heads.flatMap((head) => head.split(/\r\n|\n|\r/))) expect(line).toMatch(known);
  });
});
