import { expect, test } from 'vitest';

import { LineEditor } from '../../../src/cli/terminal/line-editor.js';

test('Enter gives the line and empties it; keys may come in bunches', () => {
  const editor = new LineEditor();
  expect(editor.push('e')).toEqual([]);
  expect(editor.text).toBe('e');
  expect(editor.push('2\ro2\r\nst')).toEqual([
    { type: 'line', text: 'e2' },
    { type: 'line', text: 'o2' },
  ]);
  expect(editor.text).toBe('st');
});

test.each([
  ['abc\u007f', 'ab'],
  ['日本\u007f', '日'],
  ['\u007f', ''],
  ['close 2\u0017', 'close '],
  ['close 2\u0015', ''],
  ['a\u001b[Db\u001b[3~\u001bOPc', 'abc'],
  ['a\u0001\u0000\tb', 'ab'],
  ['x'.repeat(500), 'x'.repeat(200)],
])('%j leaves %j', (keys, text) => {
  const editor = new LineEditor();
  editor.push(keys);
  expect(editor.text).toBe(text);
});

test('up brings the last line back', () => {
  const editor = new LineEditor();
  editor.push('close 2\r\r\u001b[A');
  expect(editor.text).toBe('close 2');
});

test('Ctrl-C, Ctrl-D on an empty line and Ctrl-Z are wishes, not text', () => {
  const editor = new LineEditor();
  expect(editor.push('\u0003\u0004\u001a')).toEqual([{ type: 'interrupt' }, { type: 'end' }, { type: 'suspend' }]);
  expect(editor.push('x\u0004')).toEqual([]);
});
