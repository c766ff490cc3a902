import type { DownloadOptions } from '../base/download-handle.js';
import { ManygetError } from '../base/errors.js';
import { HttpClient } from '../sources/http/http-client.js';
import { HttpSource, parseHttpUrl } from '../sources/http/http-source.js';
import type { LearnedAddress, Source } from '../sources/source.js';
import { MgpSource } from '../sources/tcp/mgp-source.js';
import { checkToken } from '../wire/mgp-auth.js';
import { agentName } from './agent.js';

/** @param learned Set where somebody else than the user named the address. */
export type MakeSource = (url: string, learned?: LearnedAddress) => Source;

/**
 * Makes the sources of one download, by the scheme of their URLs.
 * @throws ManygetError `usage`: an HTTP option that means nothing, or does not say for whom it is.
 */
export function sourceMaker(options: DownloadOptions): MakeSource {
  const agent = agentName();
  const client = new HttpClient(options.sources.filter(isHttp).map(parseHttpUrl), options.http ?? {}, {
    agent,
    env: process.env,
    clock: { nowMs: Date.now, random: Math.random },
    pins: options.pins,
    readsPublished: options.followLinks !== false && options.verify !== false,
    refusesManifests: options.refuseManifests ?? false,
  });
  const { token } = options;
  if (token !== undefined) checkToken(token);
  return (url, learned) => {
    if (isHttp(url)) return new HttpSource(url, client, learned);
    if (learned?.publicOnly === true) {
      throw new ManygetError('usage', 'an mgp source that the internet names may lead into this network');
    }
    // The token is for the servers that the user named.
    return new MgpSource(url, { agent, token: learned === undefined ? token : undefined, trust: client.trust });
  };
}

function isHttp(url: string): boolean {
  return /^https?:/i.test(url);
}
