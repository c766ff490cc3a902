import { describe, expect, test } from 'vitest';

import { parseHost, parseSource } from '../../../src/cli/options/addresses.js';
import { parseInterval, parseSeconds, parseWhole } from '../../../src/cli/options/numbers.js';
import { formatPorts, parsePorts } from '../../../src/cli/options/ports.js';
import { checkRateLimits, parseRateLimits } from '../../../src/cli/options/rate-limits.js';
import { fitPorts } from '../../../src/cli/options/server-ports.js';
import { manygetCommandLine, quoteWord } from '../../../src/cli/options/shell-words.js';
import { refusal } from '../../../src/cli/options/usage-error.js';

describe('ports', () => {
  test.each([
    ['9001', [9001]],
    ['9001,9007', [9001, 9007]],
    ['9001-9004', [9001, 9002, 9003, 9004]],
    [' 9001 - 9002 , 9010', [9001, 9002, 9010]],
    ['0', [0]],
    ['0,0', [0, 0]],
    ['65535', [65535]],
  ])('%j names %j', (text, ports) => {
    expect(parsePorts(text, 0)).toEqual(ports);
  });

  test.each([
    ['', '-p takes ports as 9001-9004 or 9001,9007, not ""'],
    ['9001,', '-p takes ports as 9001-9004 or 9001,9007, not "9001,"'],
    ['abc', '-p takes ports as 9001-9004 or 9001,9007, not "abc"'],
    ['-1', '-p takes ports as 9001-9004 or 9001,9007, not "-1"'],
    ['9001-', '-p takes ports as 9001-9004 or 9001,9007, not "9001-"'],
    ['0x10', '-p takes ports as 9001-9004 or 9001,9007, not "0x10"'],
    ['70000', '-p takes ports from 1 to 65535, not 70000'],
    ['0', '-p takes ports from 1 to 65535, not 0'],
    ['9004-9001', '-p 9004-9001 runs backwards: write 9001-9004'],
    ['9001,9002,9001', '-p names port 9001 twice: each server has its own'],
    ['9001-9003,9002', '-p names port 9002 twice: each server has its own'],
    ['1-65535', '-p takes at most 256 ports, "1-65535" has more'],
    ['9001\u001b[31m', '-p takes ports as 9001-9004 or 9001,9007, not "9001\\u{1b}[31m"'],
  ])('%j is refused: %s', (text, sentence) => {
    expect(refusal((ports) => parsePorts(ports, 1), text)).toBe(sentence);
  });

  test.each([
    [[9001, 9002, 9003, 9010], '9001-9003,9010'],
    [[9007], '9007'],
    [[0, 0], '0,0'],
    [[9002, 9001], '9002,9001'],
  ])('%j is written %j', (ports, text) => {
    expect(formatPorts(ports)).toBe(text);
    expect(parsePorts(text, 0)).toEqual(ports);
  });
});

describe('a fleet has one port for each server', () => {
  test.each([
    [undefined, undefined, [9001, 9002, 9003, 9004]],
    [2, undefined, [9001, 9002]],
    [undefined, [7001], [7001]],
    [undefined, [7001, 7005], [7001, 7005]],
    [3, [7001], [7001, 7002, 7003]],
    [3, [0], [0, 0, 0]],
    [2, [7001, 7005], [7001, 7005]],
    [1, [7001], [7001]],
  ])('-n %j -p %j: %j', (count, ports, fleet) => {
    expect(fitPorts(count, ports)).toEqual(fleet);
  });

  test.each([
    [3, [1, 2], '-n asks for 3 servers but -p names 2 ports: name one port for each, or the first port alone'],
    [1, [1, 2], '-n asks for 1 server but -p names 2 ports: name one port for each, or the first port alone'],
    [4, [65534], '4 servers from port 65534 on would end above 65535: start at 65532 or lower'],
  ])('-n %j -p %j is refused: %s', (count, ports, sentence) => {
    expect(refusal(() => fitPorts(count, ports), '')).toBe(sentence);
  });
});

test.each([
  ['2', 2000],
  ['0.5', 500],
  ['.5', 500],
  ['2s', 2000],
  ['0.1', 100],
  ['3600', 3_600_000],
])('an interval of %j is %j ms', (text, ms) => {
  expect(parseInterval(text)).toBe(ms);
});

test.each(['', '0', '-1', '0.05', '4000', 'abc', '1e3', '1,5', 'Infinity', 'NaN'])('%j is no interval', (text) => {
  expect(refusal(parseInterval, text)).toBe(`-i takes seconds from 0.1 to 3600, not "${text}"`);
});

test('numbers say their range', () => {
  expect(parseWhole('-x', '64', 1, 64)).toBe(64);
  expect(refusal((text) => parseWhole('-x', text, 1, 64), '65')).toBe('-x takes a whole number from 1 to 64, not "65"');
  expect(refusal((text) => parseWhole('-x', text, 1, 64), '1.5')).toBe(
    '-x takes a whole number from 1 to 64, not "1.5"',
  );
  expect(parseSeconds('--give-up-after', '0', 0, 10)).toBe(0);
});

describe('rate limits', () => {
  test.each([
    ['2M', [2 * 1024 * 1024]],
    ['500K,2M,1.5MiB/s', [500 * 1024, 2 * 1024 * 1024, 1.5 * 1024 * 1024]],
    ['1024', [1024]],
  ])('%j is %j', (text, limits) => {
    expect(parseRateLimits(text)).toEqual(limits);
  });

  test.each(['', '0', '1', '2M,', '2M,x', '-2M', '2X'])('%j is refused', (text) => {
    expect(refusal(parseRateLimits, text)).toBe(
      `--limit-rate takes bytes a second as 500K, 2M or 2M,5M, at least 1K each, not "${text}"`,
    );
  });

  test('one limit fits all servers, several must be one for each', () => {
    checkRateLimits([1024], 4);
    checkRateLimits([1024, 2048], 2);
    expect(refusal(() => checkRateLimits([1024, 2048], 3), '')).toBe(
      '--limit-rate names 2 limits for 3 servers: name one for all, or one for each',
    );
  });
});

describe('addresses', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['example.com', 'example.com'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
  ])('the host %j is %j', (text, host) => {
    expect(parseHost('-a', text)).toBe(host);
  });

  test.each(['', 'a b', 'mgp://x', 'host:9001', 'user@host', 'a/b', '[::1'])('%j is no host', (text) => {
    expect(refusal((host) => parseHost('-a', host), text)).toBe(
      `-a takes a host name or an IP address, without port or scheme, not "${text}"`,
    );
  });

  test('what is no address says how one is written', () => {
    expect(parseSource('mgp://h:1/x')).toBe('mgp://h:1/x');
    expect(refusal(parseSource, 'video.mp4')).toBe(
      '"video.mp4" is not the address of a file: write https://host/name, mgp://host:port/name, or -a ADDRESS -p PORTS NAME',
    );
  });
});

test('command lines survive a shell', () => {
  expect(quoteWord('mgp://h:1/x')).toBe('mgp://h:1/x');
  expect(quoteWord("it's here")).toBe(`'it'\\''s here'`);
  expect(quoteWord('~')).toBe(`'~'`);
  expect(quoteWord('')).toBe(`''`);
  expect(manygetCommandLine('get', ['a b'], ['-o', 'c'])).toBe(`manyget get 'a b' -o c`);
  expect(manygetCommandLine('serve', ['-x'], ['-n', '2'])).toBe('manyget serve -n 2 -- -x');
});
