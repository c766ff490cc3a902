import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

import { commandPath } from '../../support/command-path.js';
import { HttpTestServer } from '../../support/http-test-server.js';
import { hasPseudoTerminal, PseudoTerminal } from '../../support/pseudo-terminal.js';
import { seededBytes } from '../../support/download-lab.js';
import { tempFolder } from '../../support/temp-folder.js';

const file = seededBytes(200_000, 1);
const login = `Basic ${Buffer.from('me:open sesame').toString('base64')}`;

/** A server that wants to see the login. */
async function lockedServer(): Promise<HttpTestServer> {
  return HttpTestServer.start({
    file,
    quirk: (ask, right) =>
      ask.headers.authorization === login
        ? right
        : {
            status: 401,
            headers: { 'WWW-Authenticate': 'Basic realm="x"' },
            body: new Uint8Array(0),
            framing: 'length',
          },
  });
}

/** The command on a terminal, and behind it what became of the terminal. */
async function getOnTerminal(url: string, folder: string): Promise<PseudoTerminal> {
  const get = `"${process.execPath}" "${commandPath}" get ${url} --user me --no-netrc -o out.bin`;
  const env = { TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', HOME: folder };
  const command = ['sh', '-c', `${get}; echo "ended with $?"; stty -a; echo "that is all"`];
  return PseudoTerminal.run(command, { columns: 80, rows: 24, folder, env });
}

function expectCleanTerminal(output: string): void {
  const [, after = ''] = output.split(/ended with \d+/);
  expect(after).toMatch(/(^|\s)echo\s/);
  expect(after).toMatch(/(^|\s)icanon\s/);
  expect(output.lastIndexOf('\u001b[?25h')).toBeGreaterThanOrEqual(output.lastIndexOf('\u001b[?25l'));
}

const sentence = hasPseudoTerminal ? '' : ' (script is not installed)';

describe.skipIf(!hasPseudoTerminal)(`the password to --user NAME, on a real terminal${sentence}`, () => {
  test('is asked for, not shown, and used', async () => {
    const server = await lockedServer();
    const folder = tempFolder();
    await using terminal = await getOnTerminal(server.url, folder);
    await terminal.waitFor(/Password of me/);
    await expect.poll(() => terminal.modes()).toMatch(/-echo\s/);
    terminal.type('open sesame\r');
    await terminal.waitFor(/that is all/);
    expect(terminal.output).toContain('ended with 0');
    expect(terminal.output).not.toContain('sesame');
    expect(readFileSync(path.join(folder, 'out.bin')).equals(file)).toBe(true);
    expectCleanTerminal(terminal.output);
  });

  test('can be left with Ctrl-C: nobody is asked for anything, and the terminal is as it was', async () => {
    const server = await lockedServer();
    await using terminal = await getOnTerminal(server.url, tempFolder());
    await terminal.waitFor(/Password of me/);
    await expect.poll(() => terminal.modes()).toMatch(/-echo\s/);
    terminal.type('open\u0003');
    await terminal.waitFor(/that is all/);
    expect(terminal.output).toContain('ended with 130');
    expect(server.asks).toEqual([]);
    expectCleanTerminal(terminal.output);
  });
});

describe('without a terminal', () => {
  test.each(['get', 'verify', 'repair'])('%s --user NAME says what to do instead', async (command) => {
    const server = await lockedServer();
    const words = command === 'get' ? [server.url] : ['some.bin', '--manifest', server.url];
    const child = spawn(process.execPath, [commandPath, command, ...words, '--user', 'me'], { cwd: tempFolder() });
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    child.stdin.end('open sesame\n');
    const [status] = (await once(child, 'close')) as [number | null];
    expect(said).toContain('--user me has no password, and there is no terminal to ask on: write it into ~/.netrc');
    expect(status).toBe(28);
    expect(server.asks).toEqual([]);
  });
});
