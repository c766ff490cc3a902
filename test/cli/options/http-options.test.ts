import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import type { HttpOptions } from '../../../src/base/http-options.js';
import { boundToNamed, addHttpFlags, httpOptions, httpWords } from '../../../src/cli/options/http-options.js';

function parsed(...words: string[]): HttpOptions | undefined {
  const command = addHttpFlags(new Command()).exitOverride();
  command.parse(words, { from: 'user' });
  return httpOptions(command.opts());
}

describe('the flags for HTTP', () => {
  test('mean nothing where there are none', () => {
    expect(parsed()).toBeUndefined();
  });

  test('are taken as given, repeated ones together', () => {
    expect(
      parsed(
        ...['--header', 'A: 1', '--header', 'B: 2', '--header-for', 'https://h:1 C: 3 4', '--user', 'me:pw'],
        ...['--cookie', 'a=b', '--load-cookies', 'c.txt', '--no-netrc', '--ca-certificate', 'ca.pem', '--insecure'],
        ...['-U', 'me/1', '--referer', 'http://r/', '--all-proxy', ''],
      ),
    ).toEqual({
      headers: ['A: 1', 'B: 2'],
      headersFor: [{ origin: 'https://h:1', header: 'C: 3 4' }],
      user: 'me:pw',
      cookie: 'a=b',
      cookieFile: 'c.txt',
      netrc: false,
      caCertificate: 'ca.pem',
      insecure: true,
      userAgent: 'me/1',
      referer: 'http://r/',
      proxy: { all: '' },
    });
  });

  test('show no secret in the command that goes on', () => {
    const words = httpWords(
      parsed(
        ...[
          '--header',
          'A: secret',
          '--header-for',
          'https://h B: secret',
          '--user',
          'me:secret',
          '--cookie',
          'secret=1',
        ],
        ...['--all-proxy', 'http://me:secret@proxy:1', '--ca-certificate', 'ca.pem'],
      ),
    );
    expect(words.join(' ')).not.toContain('secret');
    expect(words).toEqual(['--ca-certificate', 'ca.pem', '--all-proxy', 'http://proxy:1']);
  });

  test('refuse a header for nobody, without repeating it', () => {
    expect(() => parsed('--header-for', 'https://h')).toThrow('an origin and a header');
    expect(() => parsed('--header-for', 'https://h')).not.toThrow('secret');
  });
});

test('what may be a secret is bound to the one origin that the user named, and never guessed', () => {
  const options = { headers: ['A: b'] };
  expect(boundToNamed(options, ['https://a/x.meta4', 'mgp://b/f', 'file'])).toEqual({
    ...options,
    origin: 'https://a',
  });
  expect(boundToNamed(options, ['list'])).toEqual(options);
  expect(boundToNamed({ insecure: true }, ['https://a/x', 'https://b/x'])).toEqual({ insecure: true });
  expect(() => boundToNamed(options, ['https://a/x', 'https://b/x'])).toThrow(/use --header-for/);
});
