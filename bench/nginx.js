// @ts-check
/* global fetch */
// nginx on free loopback ports, as the server that other people's tools are measured with.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

/**
 * One nginx worker that serves the files in `folder`: plain, over TLS where `tls` is set (`ca` is the file to trust then),
 * and plain with a Digest header for every file where `digest` is a SHA-256 in hex.
 * @param {string} folder
 * @param {{ readonly tls?: boolean, readonly digest?: string }} [options]
 */
export async function startNginx(folder, options = {}) {
  const state = path.join(folder, 'nginx');
  fs.mkdirSync(state);
  const [plain, secure, stating] = [await freePort(), await freePort(), await freePort()];
  const ca = path.join(state, 'ca.pem');
  const servers = [`server { listen 127.0.0.1:${plain}; root ${folder}; }`];
  if (options.tls === true) {
    makeCertificate(ca, path.join(state, 'key.pem'));
    servers.push(
      `server { listen 127.0.0.1:${secure} ssl; root ${folder}; ssl_certificate ${ca}; ssl_certificate_key ${state}/key.pem; }`,
    );
  }
  if (options.digest !== undefined) {
    const base64 = Buffer.from(options.digest, 'hex').toString('base64');
    servers.push(`server { listen 127.0.0.1:${stating}; root ${folder}; add_header Digest SHA-256=${base64}; }`);
  }
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((p) => `${p}_temp_path ${state};`).join(' ');
  fs.writeFileSync(
    path.join(state, 'nginx.conf'),
    `daemon off; master_process off; pid ${state}/pid; error_log ${state}/error.log;
     events { worker_connections 1024; }
     http { access_log off; sendfile on; tcp_nopush on; ${paths} ${servers.join('\n')} }`,
  );
  const child = spawn('nginx', ['-p', state, '-c', path.join(state, 'nginx.conf')], { stdio: 'ignore' });
  const stop = async () => {
    const ended = once(child, 'exit');
    if (child.exitCode === null && child.kill('SIGKILL')) await ended;
  };
  while (!(await answers(`http://127.0.0.1:${plain}/`))) {
    if (child.exitCode !== null) throw new Error(`nginx: ${fs.readFileSync(`${state}/error.log`, 'utf8')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const at = (/** @type {string} */ scheme, /** @type {number} */ port) => `${scheme}://127.0.0.1:${port}`;
  return { plain: at('http', plain), secure: at('https', secure), stating: at('http', stating), ca, stop };
}

/**
 * True once somebody speaks HTTP there.
 * @param {string} url
 */
function answers(url) {
  return fetch(url, { method: 'HEAD' }).then(
    () => true,
    () => false,
  );
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address !== null && typeof address === 'object' ? address.port : 0;
}

/**
 * A certificate for 127.0.0.1 that is its own authority.
 * @param {string} certificate
 * @param {string} key
 */
function makeCertificate(certificate, key) {
  const subject = ['-subj', '/CN=manyget bench', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    ...['-days', '2', '-keyout', key, '-out', certificate],
    ...subject,
  ]);
  if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr.toString()}`);
}
