import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { endWithTests } from './end-with-tests.js';

const servers: Server[] = [];

endWithTests(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/**
 * A web server on loopback, until the end of the test: gives what stands under a path, "*" under any, whole or the one
 * range that is asked for. Returns its address, with a "/" at the end.
 */
export async function smallWeb(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const server = createServer((request, response) => {
    const found = files[decodeURIComponent(request.url ?? '')] ?? files['*'];
    const content = Buffer.from(found ?? 'not found');
    const range = found === undefined ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(content.length, range?.[2] ? Number(range[2]) + 1 : content.length);
    response.statusCode = found === undefined ? 404 : range === null ? 200 : 206;
    if (range !== null) response.setHeader('content-range', `bytes ${start}-${end - 1}/${content.length}`);
    response.setHeader('content-length', end - start);
    response.setHeader('accept-ranges', 'bytes');
    response.end(request.method === 'HEAD' ? undefined : content.subarray(start, end));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
