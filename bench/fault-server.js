// @ts-check
// A web server of one file for `bench/faults.js`: ranges, strong tags, a speed, and one fault that a test decides.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const chunkBytes = 32 * 1024;
const page = Buffer.from('<!doctype html><html><body>Please log in to this network</body></html>');

/**
 * @typedef {object} FaultServer
 * @property {string} url
 * @property {Buffer} file What it serves from now on.
 * @property {number} sentBytes Of bodies, over all connections.
 * @property {boolean} isPage It answers with a web page under status 200.
 * @property {number} stallsAfter It sends so many bytes and then nothing, without closing.
 * @property {() => void} onSent Called after each chunk.
 * @property {() => Promise<void>} stop
 */

/**
 * @param {Buffer} file
 * @param {number} bytesPerSec Of each connection.
 * @returns {Promise<FaultServer>}
 */
export async function startFaultServer(file, bytesPerSec) {
  /** @type {FaultServer} */
  const state = {
    url: '',
    file,
    sentBytes: 0,
    isPage: false,
    stallsAfter: Infinity,
    onSent: () => undefined,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((request, response) => {
    if (state.isPage) {
      response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Length': page.length });
      response.end(request.method === 'HEAD' ? undefined : page);
      return;
    }
    const bytes = state.file;
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`;
    const ifRange = request.headers['if-range'];
    const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const isRange = match !== null && (ifRange === undefined || ifRange === etag);
    const start = isRange ? Number(match[1]) : 0;
    const end = isRange && match[2] !== '' ? Math.min(bytes.length, Number(match[2]) + 1) : bytes.length;
    const common = { ETag: etag, 'Accept-Ranges': 'bytes', 'Content-Type': 'application/octet-stream' };
    if (start >= bytes.length) {
      response.writeHead(416, { ...common, 'Content-Range': `bytes */${bytes.length}` }).end();
      return;
    }
    const range = isRange ? { 'Content-Range': `bytes ${start}-${end - 1}/${bytes.length}` } : {};
    response.writeHead(isRange ? 206 : 200, { ...common, ...range, 'Content-Length': end - start });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    let at = start;
    const timer = setInterval(
      () => {
        if (state.sentBytes >= state.stallsAfter) return;
        const to = Math.min(end, at + chunkBytes);
        state.sentBytes += to - at;
        response.write(bytes.subarray(at, to));
        at = to;
        state.onSent();
        if (at === end) {
          clearInterval(timer);
          response.end();
        }
      },
      (chunkBytes / bytesPerSec) * 1000,
    );
    response.on('close', () => clearInterval(timer));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  state.url = `http://127.0.0.1:${address.port}/file.bin`;
  return state;
}
