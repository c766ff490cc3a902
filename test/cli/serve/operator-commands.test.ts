import { describe, expect, test } from 'vitest';

import { parseOperatorCommand } from '../../../src/cli/serve/operator-commands.js';

test.each([
  ['e2', { type: 'close', server: 2 }],
  ['close 2', { type: 'close', server: 2 }],
  ['CLOSE  2 ', { type: 'close', server: 2 }],
  ['o4', { type: 'open', server: 4 }],
  ['open 4', { type: 'open', server: 4 }],
  ['k1', { type: 'kill', server: 1 }],
  ['kill1', { type: 'kill', server: 1 }],
  ['status', { type: 'status' }],
  ['s', { type: 'status' }],
  ['?', { type: 'help' }],
  ['help', { type: 'help' }],
  ['q', { type: 'quit' }],
  ['quit\r', { type: 'quit' }],
  ['', { type: 'nothing' }],
  ['  ', { type: 'nothing' }],
])('%j is %j', (line, command) => {
  expect(parseOperatorCommand(line, 4)).toEqual(command);
});

describe('a wrong command gets one clear line', () => {
  test.each([
    ['x2', `"x2" is no command: try e2, o2, k2, status, help or quit`],
    ['2', `"2" is no command: try e2, o2, k2, status, help or quit`],
    ['constructor', `"constructor" is no command: try e2, o2, k2, status, help or quit`],
    ['close two three', `"close two three" is no command: try e2, o2, k2, status, help or quit`],
    ['\u001b[2J', `"\\u{1b}[2J" is no command: try e2, o2, k2, status, help or quit`],
    ['e', '"e" names no server: servers are 1 to 4'],
    ['e0', '"e0" names no server: servers are 1 to 4'],
    ['e5', '"e5" names no server: servers are 1 to 4'],
    ['close 1.5', '"close 1.5" names no server: servers are 1 to 4'],
    ['open -1', '"open -1" names no server: servers are 1 to 4'],
    ['e99999999999', '"e99999999999" names no server: servers are 1 to 4'],
  ])('%j: %s', (line, sentence) => {
    expect(parseOperatorCommand(line, 4)).toEqual({ type: 'wrong', sentence });
  });

  test('with one server', () => {
    expect(parseOperatorCommand('e2', 1)).toEqual({
      type: 'wrong',
      sentence: '"e2" names no server: the one server is 1',
    });
  });
});
