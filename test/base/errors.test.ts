import { expect, test } from 'vitest';
import { asManygetError, errorTable, ManygetError, type ErrorCode } from '../../src/base/errors.js';

test('an error says its code, its scope and what a command exits with', () => {
  const cause = new Error('EACCES');
  const error = new ManygetError('output-not-writable', 'cannot write out/video.mp4', { cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'ManygetError',
    code: 'output-not-writable',
    scope: 'download',
    exitStatus: 16,
    message: 'cannot write out/video.mp4',
    cause,
  });
});

test('every code is a kebab-case word with an exit status that a shell can tell from success', () => {
  for (const [code, facts] of Object.entries(errorTable)) {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(facts.exitStatus, code).toBeGreaterThan(0);
    expect(facts.exitStatus, code).toBeLessThan(256);
    expect(new ManygetError(code as ErrorCode, 'x').exitStatus).toBe(facts.exitStatus);
  }
});

test('an error of ours stays itself, whatever code the catcher had in mind', () => {
  const error = new ManygetError('gave-up', 'no source answered for 60 s');
  expect(asManygetError(error, 'io-failed', 'writing')).toBe(error);
});

test('another error is wrapped with the words of who caught it, and kept as the cause', () => {
  const cause = new Error('no space left');
  const wrapped = asManygetError(cause, 'disk-full', 'cannot write video.mp4.part');
  expect(wrapped).toMatchObject({ code: 'disk-full', message: 'cannot write video.mp4.part: no space left', cause });
});

test('what is thrown without being an error is kept too', () => {
  expect(asManygetError('boom')).toMatchObject({ code: 'unexpected', message: 'boom', cause: 'boom' });
  expect(asManygetError(undefined)).toMatchObject({ code: 'unexpected', message: 'undefined' });
});
