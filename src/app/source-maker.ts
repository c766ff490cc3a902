import type { DownloadOptions } from '../base/download-handle.js';
import { HttpClient } from '../sources/http/http-client.js';
import { HttpSource, parseHttpUrl } from '../sources/http/http-source.js';
import type { Source } from '../sources/source.js';
import { MgpSource } from '../sources/tcp/mgp-source.js';
import { checkToken } from '../wire/mgp-auth.js';
import { agentName } from './agent.js';

/**
 * Makes the sources of one download, by the scheme of their URLs.
 * @throws ManygetError `usage`: an HTTP option that means nothing, or does not say for whom it is.
 */
export function sourceMaker(options: DownloadOptions): (url: string) => Source {
  const agent = agentName();
  const client = new HttpClient(options.sources.filter(isHttp).map(parseHttpUrl), options.http ?? {}, {
    agent,
    env: process.env,
    clock: { nowMs: Date.now, random: Math.random },
    pins: options.pins,
  });
  if (options.token !== undefined) checkToken(options.token);
  const identity = { agent, token: options.token, trust: client.trust };
  return (url) => (isHttp(url) ? new HttpSource(url, client) : new MgpSource(url, identity));
}

function isHttp(url: string): boolean {
  return /^https?:/i.test(url);
}
