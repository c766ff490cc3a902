import type { HttpSource } from '../../src/sources/http/http-source.js';
import { httpSourceAt } from '../support/http-source-at.js';
import { HttpTestServer, testCertificate } from '../support/http-test-server.js';
import { sourceCases, type ServedFile } from './source-cases.js';

function sourceAt(url: string): HttpSource {
  return httpSourceAt(url, { caCertificate: testCertificate().certPath });
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
