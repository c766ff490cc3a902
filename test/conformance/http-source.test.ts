import { HttpClient } from '../../src/sources/http/http-client.js';
import { HttpSource } from '../../src/sources/http/http-source.js';
import { HttpTestServer, testCertificate } from '../support/http-test-server.js';
import { sourceCases, type ServedFile } from './source-cases.js';

function sourceAt(url: string): HttpSource {
  const options = { netrc: false, proxy: {}, caCertificate: testCertificate().certPath } as const;
  const clock = { nowMs: Date.now, random: () => 0.5 };
  return new HttpSource(url, new HttpClient([new URL(url)], options, { agent: 'test/1', env: {}, clock }));
}

async function servedOver(file: Uint8Array, tls: boolean): Promise<ServedFile> {
  const server = await HttpTestServer.start({
    file,
    tls,
    quirk: (ask, right) =>
      ask.path === '/f.bin' ? right : { ...right, status: 404, headers: {}, body: Buffer.from('not here') },
  });
  return {
    source: () => sourceAt(server.url),
    missing: () => sourceAt(`${server.origin}/missing.bin`),
    kill: () => server.stop(),
  };
}

sourceCases('http', (file) => servedOver(file, false));
sourceCases('https', (file) => servedOver(file, true));
