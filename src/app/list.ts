import { listFiles as listMgpFiles } from '../sources/tcp/mgp-list.js';
import { parseMgpUrl } from '../sources/tcp/mgp-url.js';
import { defaultTlsTrust } from '../sources/tls-trust.js';
import { agentName } from './agent.js';

const listTimeoutMs = 10_000;

/**
 * What the server at `url` (`mgp://` or `mgps://host:port/`) offers, in the order of the names; sizes in bytes.
 * @param connectTimeoutMs Time for the connection. Default 10,000; the answer may take as long again.
 * @throws ManygetError of scope source, or `usage`.
 */
export async function listFiles(
  url: string,
  token?: string,
  connectTimeoutMs = listTimeoutMs,
): Promise<{ name: string; size: number }[]> {
  const files = await listMgpFiles(
    parseMgpUrl(url),
    { agent: agentName(), token, trust: defaultTlsTrust },
    listTimeoutMs,
    connectTimeoutMs,
  );
  return files.map((file) => ({ name: file.name, size: file.sizeBytes }));
}
