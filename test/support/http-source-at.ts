import type { HttpOptions } from '../../src/base/http-options.js';
import { HttpClient } from '../../src/sources/http/http-client.js';
import { HttpSource } from '../../src/sources/http/http-source.js';

/** The file at an address as a source of its own, which takes nothing from the environment of whoever runs the tests. */
export function httpSourceAt(url: string, options: Partial<HttpOptions> = {}): HttpSource {
  const clock = { nowMs: () => performance.now(), random: () => 0.5 };
  const alone = { netrc: false, proxy: {}, ...options } as const;
  return new HttpSource(
    url,
    new HttpClient([new URL(url)], alone, { agent: 'test/1', env: {}, clock, readsPublished: true }),
  );
}
