import { expect, test } from 'vitest';
import { formatMgpUrl } from '../../src/base/mgp-address.js';

test('a URL escapes the parts of a name, not its slashes', () => {
  const address = { host: '127.0.0.1', port: 9001, name: 'a b/ü?#.mp4', isSecure: false };
  expect(formatMgpUrl(address)).toBe('mgp://127.0.0.1:9001/a%20b/%C3%BC%3F%23.mp4');
  expect(formatMgpUrl({ host: '::1', port: 9001, name: 'x', isSecure: true })).toBe('mgps://[::1]:9001/x');
});
