import { expect, test } from 'vitest';
import { withBrackets, withoutBrackets } from '../../src/base/host-name.js';

test.each([
  ['::1', '[::1]'],
  ['fe80::1%eth0', '[fe80::1%eth0]'],
  ['127.0.0.1', '127.0.0.1'],
  ['a.example', 'a.example'],
])('the host %s is %s in an address', (host, shown) => {
  expect(withBrackets(host)).toBe(shown);
  expect(withoutBrackets(shown)).toBe(host);
});
