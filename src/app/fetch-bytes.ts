import { agentName } from './agent.js';
import { collect, type FetchBytes } from './read-document.js';

/** A manifest that takes longer than this is not worth waiting for. */
const timeoutMs = 30_000;

/** A small document over HTTP(S). It is asked for without any credentials. */
export const fetchBytes: FetchBytes = async (url, bytesMax, signal) => {
  const timeout = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, {
    headers: { 'user-agent': agentName(), accept: 'application/metalink4+xml, application/metalink+xml, */*;q=0.5' },
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the server answers ${response.status} ${response.statusText}`);
  }
  return response.body === null ? new Uint8Array(0) : collect(response.body, `"${url}"`, bytesMax);
};
