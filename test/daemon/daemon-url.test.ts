import { expect, test } from 'vitest';
import { baseUrl, hostName } from '../../src/daemon/daemon-url.js';

test.each([
  ['LocalHost', 'localhost'],
  ['FE80::1', '[fe80::1]'],
  ['127.0.0.1', '127.0.0.1'],
])('the host %s is called %s, as browsers write it', (host, name) => {
  expect(hostName(host)).toBe(name);
});

test.each([
  ['0.0.0.0', 'http://127.0.0.1:6800'],
  ['::', 'http://[::1]:6800'],
  ['192.0.2.1', 'http://192.0.2.1:6800'],
])('what listens on %s is reached at %s', (host, url) => {
  expect(baseUrl({ host, port: 6800 })).toBe(url);
});
