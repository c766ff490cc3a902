import { describe, expect, test } from 'vitest';

import { ManygetError } from '../../src/base/errors.js';
import { getCommandLine, type GetRequest, resumeCommandLine } from '../../src/cli/get/get-request.js';
import { defaultCommand, otherCommands } from '../../src/cli/command-names.js';
import { makeProgram, parseArguments } from '../../src/cli/program.js';
import { serveCommandLine, serveOptions, type ServeRequest } from '../../src/cli/serve/serve-request.js';

function words(line: string): string[] {
  return line.split(' ').filter((word) => word !== '');
}

function getOf(line: string): GetRequest {
  const invocation = parseArguments(words(line));
  if (invocation.type !== 'get') throw new Error(`${line} is ${invocation.type}`);
  return invocation.request;
}

function serveOf(line: string): ServeRequest {
  const invocation = parseArguments(words(line));
  if (invocation.type !== 'serve') throw new Error(`${line} is ${invocation.type}`);
  return invocation.request;
}

describe('get', () => {
  test('sources alone are a get, with nothing decided but the sources', () => {
    const request = getOf('mgp://a:1/x mgp://b:1/x');
    expect(request.from).toEqual({ kind: 'urls', urls: ['mgp://a:1/x', 'mgp://b:1/x'] });
    expect(request.transfer).toEqual({});
    expect(request.report).toEqual({
      intervalMs: undefined,
      json: false,
      quiet: false,
      verbose: false,
      color: 'auto',
      liveView: true,
    });
  });

  test('limits and preferences become rules about sources, and words again', () => {
    const line =
      'manyget get mgp://a:1/x https://b/y?z=1 --limit-rate 2097152 --lowest-speed-limit 51200 --limit-rate-for https://b/y?z=1=1024 --prefer a:1 --backup mgp://c:1/x';
    const request = getOf(line.slice('manyget '.length));
    expect(request.transfer).toEqual({
      limitBytesPerSec: 2_097_152,
      lowestBytesPerSec: 51_200,
      sourceRules: [
        { match: 'https://b/y?z=1', limitBytesPerSec: 1024 },
        { match: 'a:1', tier: -1 },
        { match: 'mgp://c:1/x', tier: 1 },
      ],
    });
    expect(getCommandLine(request).replaceAll("'", '')).toBe(line);
  });

  test.each([
    ['mgp://a:1/x --limit-rate 12', '--limit-rate takes bytes a second as 500K or 2M, at least 1K, not "12"'],
    ['mgp://a:1/x --limit-rate-for 2M', '--limit-rate-for takes URL=2M or HOST=2M, not "2M"'],
    ['mgp://a:1/x --limit-rate-for b=2M', 'no server is at "b": name one by its address, HOST or HOST:PORT'],
    ['mgp://a:1/x --prefer b', 'no server is at "b": name one by its address, HOST or HOST:PORT'],
    ['-a h -p 1-2 x --prefer b', 'no server is at "b": name one by its address, HOST or HOST:PORT'],
    ['-a h -p 1-2 x --limit-rate-for h:3=2M', 'no server is at "h:3": name one by its address, HOST or HOST:PORT'],
    ['mgp://a:1/x --trust b:1', 'no server is at "b:1": name one by its address, HOST or HOST:PORT'],
    ['-a h -p 1-2 x --trust h:3', 'no server is at "h:3": name one by its address, HOST or HOST:PORT'],
    ['http://a/x --no-follow-links --trust b', 'no server is at "b": name one by its address, HOST or HOST:PORT'],
    ['mgp://a:1/x --backup b', '"b" is not the address of a file'],
    ['mgp://a:1/x --lowest-speed-limit none', '--lowest-speed-limit takes bytes a second'],
  ])('"%s" is refused', (line, sentence) => {
    expect(() => getOf(line)).toThrow(sentence);
  });

  test.each([
    'mgp://a:1/x mgp://b:1/x --trust A:1 --trust mgp://b:1/x',
    '-a h -p 1-2 x --trust h:2',
    'https://a/x https://b/x --no-follow-links --trust b --trust a:443',
    'http://a/x --trust who-is-named-by-a',
  ])('"%s" is understood', (line) => {
    expect(getOf(line).transfer.trust).not.toHaveLength(0);
  });

  test('every flag reaches the download', () => {
    const request = getOf(
      'get mgp://a:1/x -o out -d dir -i 2 --no-resume --overwrite --no-verify --sha256 --give-up-after 5 -x 3 --connect-timeout 1.5 --json -v --color never --no-progress',
    );
    expect(request.transfer).toEqual({
      resume: false,
      overwrite: true,
      verify: false,
      sha256: true,
      giveUpAfterMs: 5000,
      connectionsPerSourceMax: 3,
      connectTimeoutMs: 1500,
    });
    expect([request.output, request.folder, request.report.intervalMs]).toEqual(['out', 'dir', 2000]);
    expect(request.report).toMatchObject({ json: true, verbose: true, color: 'never', liveView: false });
  });

  test('an address and ports stand for servers; flags may come before the command is known', () => {
    expect(getOf('-a 10.0.0.5 -p 9001-9003 video.mp4').from).toEqual({
      kind: 'servers',
      host: '10.0.0.5',
      ports: [9001, 9002, 9003],
      name: 'video.mp4',
    });
    expect(getOf('get -p 9001').from).toEqual({ kind: 'servers', host: '127.0.0.1', ports: [9001], name: undefined });
  });

  test.each([
    'manyget get mgp://a:1/x mgp://b:1/x -d dir -o out -r --overwrite --no-verify --sha256 -x 3 --connect-timeout 1.5 --give-up-after 5 -i 2 --json -v --color never --no-progress',
    'manyget get video.mp4 -a 10.0.0.5 -p 9001-9003,9007 --no-resume -q',
    'manyget get',
  ])('%s is written as it was read', (line) => {
    expect(getCommandLine(getOf(line.replace(/^manyget /, '')))).toBe(line);
  });

  test('what goes on is the same command, without starting over', () => {
    expect(resumeCommandLine(getOf('mgp://a:1/x --no-resume -o out'))).toBe('manyget get mgp://a:1/x -o out -r');
  });
});

test.each([
  ['http://me:pass@a.example/f ftp://b@c/f', 'http://a.example/f ftp://c/f'],
  ['https://me:p@pass@a/f?x=y@z --prefer https://me:p@pass@a/f?x=y@z', 'https://a/f?x=y@z'],
  ['http://a/f@b --backup http://me:pass@b/f', 'http://a/f@b'],
  ['http://a/f --user me:pass --cookie a=pass --header X:pass --all-proxy http://me:pass@b:1', 'http://a/f'],
  ['http://a/f --token passpasspass', 'http://a/f'],
])('no secret is in the command that goes on after %s', (line, shown) => {
  const again = resumeCommandLine(getOf(line));
  expect(again).not.toContain('pass');
  for (const word of shown.split(' ')) expect(again.replaceAll("'", '')).toContain(word);
});

describe('serve', () => {
  test('defaults: four servers from port 9001 on', () => {
    const request = serveOf('serve video.mp4');
    expect(serveOptions(request)).toEqual({ paths: ['video.mp4'], ports: [9001, 9002, 9003, 9004] });
  });

  test('every flag reaches the fleet', () => {
    const request = serveOf('serve a b -n 2 -p 7001,7005 --host 0.0.0.0 --limit-rate 2M,5M -i 0.5');
    expect(serveOptions(request)).toEqual({
      paths: ['a', 'b'],
      ports: [7001, 7005],
      host: '0.0.0.0',
      rateLimits: [2 * 1024 ** 2, 5 * 1024 ** 2],
    });
    expect(request.report.intervalMs).toBe(500);
  });

  test.each([
    'manyget serve a b -p 7001-7003 --host 0.0.0.0 --limit-rate 2M,500K,1G -i 0.5 --json',
    'manyget serve a -n 3 -p 0 -q',
  ])('%s is written as it was read', (line) => {
    expect(serveCommandLine(serveOf(line.replace(/^manyget /, '')))).toBe(line);
  });
});

test('the names of commands that are not a get are those of the program, and the words for help and version', () => {
  const names = makeProgram(() => undefined).commands.map((command) => command.name());
  const expected = [...names, 'help', '--help', '-h', '--version', '-V'].filter((name) => name !== defaultCommand);
  expect([...otherCommands].sort()).toEqual(expected.sort());
});

test('a word beside a command is the NAME that it was given as', () => {
  expect(getOf('logs -p 9001').from).toMatchObject({ kind: 'servers', name: 'logs' });
});

test('no line of a help is wider than a terminal', () => {
  for (const name of makeProgram(() => undefined).commands.map((each) => each.name())) {
    const invocation = parseArguments([name, '--help']);
    const text = invocation.type === 'help' ? invocation.text : '';
    const [flags = ''] = text.split('\nExamples:');
    expect([name, flags.split('\n').filter((line) => line.length > 80)]).toEqual([name, []]);
  }
});

test('help after flags of a get is that of get, and of the program where get is not named', () => {
  const textOf = (line: string): string => {
    const invocation = parseArguments(words(line));
    return invocation.type === 'help' ? invocation.text : '';
  };
  expect(textOf('get -q --help')).toMatch(/^Usage: manyget get /);
  expect(textOf('-q --help')).toMatch(/^Usage: manyget \[command\]/);
  expect(textOf('mgp://a:1/x -h')).toContain('\n  serve');
});

test('help and version are asked for, not errors', () => {
  expect(parseArguments(['-V'])).toEqual({ type: 'version' });
  expect(parseArguments(['--version'])).toEqual({ type: 'version' });
  for (const line of ['-h', '--help', 'help', 'get -h', 'serve --help', 'help serve']) {
    const invocation = parseArguments(words(line));
    expect(invocation.type === 'help' && invocation.text, line).toMatch(/^Usage: manyget/);
  }
});

describe('bad command lines are one sentence, code usage, exit status 28', () => {
  test.each([
    ['--nope', "unknown option '--nope'"],
    ['get --ouut x', "unknown option '--ouut' (Did you mean --out?)"],
    ['get -i', "option '-i, --interval <seconds>' argument missing"],
    ['get mgp://a:1/x -i 0', '-i takes seconds from 0.1 to 3600, not "0"'],
    ['get mgp://a:1/x -i x', '-i takes seconds from 0.1 to 3600, not "x"'],
    ['get mgp://a:1/x -x 0', '-x takes a whole number from 1 to 64, not "0"'],
    ['get mgp://a:1/x --connect-timeout 0', '--connect-timeout takes seconds from 0.1 to 3600, not "0"'],
    ['get mgp://a:1/x --give-up-after -1', '--give-up-after takes seconds from 0 to 31536000, not "-1"'],
    ['get mgp://a:1/x --color red', '--color takes auto, always or never, not "red"'],
    [
      'get mgp://a:1/x --json -q',
      '--json and --quiet exclude each other: one asks for every report, the other for none',
    ],
    ['get mgp://a:1/x mgp://a:1/x', 'mgp://a:1/x is named twice: each server counts once'],
    [
      'video.mp4',
      '"video.mp4" is not the address of a file: write https://host/name, mgp://host:port/name, or -a ADDRESS -p PORTS NAME',
    ],
    ['a.example/f.iso', '"a.example/f.iso" is no address without a scheme: did you mean https://a.example/f.iso?'],
    [
      '127.0.0.1:9001/f.iso',
      '"127.0.0.1:9001/f.iso" is no address without a scheme: did you mean mgp://127.0.0.1:9001/f.iso or http://127.0.0.1:9001/f.iso?',
    ],
    ['sevre video.mp4', '"sevre" is not a command: did you mean manyget serve?'],
    ['version', '"version" is not a command: did you mean manyget --version?'],
    ['stop', '"stop" is not a command: did you mean manyget daemon --stop?'],
    ['gte mgp://a:1/x', '"gte" is not a command: did you mean manyget get?'],
    [
      'vid',
      '"vid" is not the address of a file: write https://host/name, mgp://host:port/name, or -a ADDRESS -p PORTS NAME',
    ],
    ['verify', 'verify lacks its argument <file>; see: manyget verify --help'],
    ['fleet', 'fleet takes one of these commands: add, ls, close, open, rm; see: manyget fleet --help'],
    [
      'help foo',
      '"foo" is not a command; these are: get, serve, manifest, verify, repair, daemon, ui, add, ls, top, pause, resume, rm, servers, log, play, limit, fleet, completion; see: manyget --help',
    ],
    ['fleet foo', "unknown command 'foo', fleet has these: add, ls, close, open, rm"],
    ['completion tcsh', 'completion takes one of bash, zsh, fish, not "tcsh"'],
    ['get -a 10.0.0.5 video.mp4', '-a names the servers but not their ports: add -p 9001-9004'],
    ['get -p 9001 a b', '-p takes one NAME to fetch from all its ports, not 2 of them'],
    [
      'get -p 9001 mgp://a:1/x',
      '-p goes with the NAME of a file, a whole address stands for itself: leave one of them out',
    ],
    ['get -p 0 x', '-p takes ports from 1 to 65535, not 0'],
    ['get -a http://x -p 1 x', '-a takes a host name or an IP address, without port or scheme, not "http://x"'],
    [
      'serve x -n 3 -p 1,2',
      '-n asks for 3 servers but -p names 2 ports: name one port for each, or the first port alone',
    ],
    ['serve x -p 9001,9001', '-p names port 9001 twice: each server has its own'],
    ['serve x -n 0', '-n takes a whole number from 1 to 256, not "0"'],
    ['serve x --limit-rate 1M,2M', '--limit-rate names 2 limits for 4 servers: name one for all, or one for each'],
    ['serve x --host a:1', '--host takes a host name or an IP address, without port or scheme, not "a:1"'],
  ])('%s: %s', (line, sentence) => {
    let thrown: unknown;
    try {
      parseArguments(words(line));
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof ManygetError)) throw new Error(`${line} was not refused`);
    expect([thrown.message, thrown.code, thrown.exitStatus]).toEqual([sentence, 'usage', 28]);
  });
});
