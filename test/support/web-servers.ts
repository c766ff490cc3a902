import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { findPeer } from './peer.js';

/** Other people's web servers, each a process of its own on a free port of loopback. Their packages are in `.ci/run`. */
export interface WebServerKind {
  readonly name: string;
  readonly command: string;
  /** Gives parts of a file. busybox does, but for a first byte alone: that gets the whole file, as a part. */
  readonly ranges: boolean;
  /** How it is ended. Default: SIGTERM. */
  readonly endSignal?: NodeJS.Signals;
  /** The command line that serves `place.root`; writes what it needs to `place.state`. */
  readonly words: (place: Place) => readonly string[];
}

interface Place {
  readonly root: string;
  /** A folder for configuration, logs and pid files. */
  readonly state: string;
  readonly port: number;
  /** Only who has this login is let in, by Digest. Not every kind can do that. */
  readonly login?: DigestLogin | undefined;
}

export interface DigestLogin {
  readonly user: string;
  readonly password: string;
  /** Hash of lighttpd; Apache's is MD5. */
  readonly algorithm: 'MD5' | 'SHA-256';
}

const realm = 'files for some';

/** Debian keeps servers where only root looks. */
const searched = [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter);
/** A server that root starts gives itself this user. */
const isRoot = process.getuid?.() === 0;

export const webServerKinds: readonly WebServerKind[] = [
  { name: 'nginx', command: 'nginx', ranges: true, words: nginxWords },
  { name: 'apache2', command: 'apache2', ranges: true, words: apacheWords },
  { name: 'lighttpd', command: 'lighttpd', ranges: true, words: lighttpdWords },
  {
    name: 'caddy',
    command: 'caddy',
    ranges: true,
    // Asked politely, it waits for seconds until idle clients are gone.
    endSignal: 'SIGKILL',
    words: ({ root, port }) => ['file-server', '--root', root, '--listen', `127.0.0.1:${port}`],
  },
  {
    name: 'rclone',
    command: 'rclone',
    ranges: true,
    words: ({ root, port }) => ['serve', 'http', root, '--addr', `127.0.0.1:${port}`],
  },
  {
    name: 'busybox',
    command: 'busybox',
    ranges: true,
    words: ({ root, port }) => ['httpd', '-f', '-p', `127.0.0.1:${port}`, '-h', root],
  },
  {
    name: 'python',
    command: 'python3',
    ranges: false,
    words: ({ root, port }) => ['-m', 'http.server', String(port), '--bind', '127.0.0.1', '--directory', root],
  },
];

/** Where the command of a kind is; undefined where it is not installed. */
export function findWebServer(kind: WebServerKind): string | undefined {
  return findPeer(kind.command, searched);
}

/** One running server of a folder. */
export class WebServer implements AsyncDisposable {
  readonly kind: WebServerKind;
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(kind: WebServerKind, port: number, child: ChildProcess) {
    this.kind = kind;
    this.port = port;
    this.#child = child;
  }

  /** Serves `root`, where `name` lies; resolves once it gives that. The folder has to be open to all users. */
  static async start(
    kind: WebServerKind,
    root: string,
    name: string,
    state: string,
    login?: DigestLogin,
  ): Promise<WebServer> {
    const command = findWebServer(kind);
    if (command === undefined) throw new Error(`${kind.command} is not installed`);
    mkdirSync(state, { recursive: true });
    const port = await freePort();
    const child = spawn(command, [...kind.words({ root, state, port, login })], {
      cwd: state,
      env: { PATH: process.env['PATH'] ?? '', HOME: state, LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
    child.on('error', (error) => (said += String(error)));
    const server = new WebServer(kind, port, child);
    while (!(await server.#answers(name))) {
      if (child.exitCode === null && child.pid !== undefined) await delay(20);
      else throw new Error(`${kind.name} ended with ${child.exitCode ?? 'no status'}: ${said}${logOf(state)}`);
    }
    return server;
  }

  url(name: string): string {
    return `http://127.0.0.1:${this.port}/${encodeURIComponent(name)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill(this.kind.endSignal ?? 'SIGTERM');
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await gone;
    clearTimeout(impatience);
  }

  async #answers(name: string): Promise<boolean> {
    try {
      const answer = await fetch(this.url(name), { headers: { connection: 'close' } });
      await answer.body?.cancel();
      return answer.ok || answer.status === 401;
    } catch {
      // Nobody listens yet: the caller sees whether somebody still may.
      return false;
    }
  }
}

function logOf(state: string): string {
  try {
    return readFileSync(join(state, 'error.log'), 'utf8').slice(-2000);
  } catch {
    return '';
  }
}

function nginxWords({ root, state, port }: Place): string[] {
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const config = `daemon off; master_process off; pid ${state}/pid; error_log ${state}/error.log;
    events { worker_connections 256; }
    http { access_log off; sendfile on; ${places.map((kind) => `${kind}_temp_path ${state};`).join(' ')}
      server { listen 127.0.0.1:${port}; root ${root}; } }`;
  writeFileSync(join(state, 'nginx.conf'), config);
  return ['-p', state, '-e', join(state, 'error.log'), '-c', join(state, 'nginx.conf')];
}

/** A file of one user, as Apache's htdigest writes it. */
function writeLogin(state: string, { user, password, algorithm }: DigestLogin): string {
  const hash = createHash(algorithm === 'MD5' ? 'md5' : 'sha256');
  const path = join(state, 'logins');
  writeFileSync(path, `${user}:${realm}:${hash.update(`${user}:${realm}:${password}`).digest('hex')}\n`);
  return path;
}

function apacheWords({ root, state, port, login }: Place): string[] {
  const load = (name: string): string => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`;
  const digest = (one: DigestLogin): string[] => [
    ...['  AuthType Digest', `  AuthName "${realm}"`, '  AuthDigestProvider file'],
    ...[`  AuthUserFile ${writeLogin(state, one)}`, '  Require valid-user'],
  ];
  const lines = [
    `ServerRoot ${state}`,
    'ServerName 127.0.0.1',
    `Listen 127.0.0.1:${port}`,
    `PidFile ${state}/pid`,
    `ErrorLog ${state}/error.log`,
    `DefaultRuntimeDir ${state}`,
    ...['mpm_event', 'authz_core'].map(load),
    // Its children leave root behind, and may read what everybody may.
    ...(isRoot ? ['User www-data', 'Group www-data'] : []),
    `DocumentRoot ${root}`,
    ...(login === undefined ? [] : ['authn_core', 'authn_file', 'authz_user', 'auth_digest'].map(load)),
    `<Directory ${root}>`,
    ...(login === undefined ? ['  Require all granted'] : digest(login)),
    '</Directory>',
  ];
  writeFileSync(join(state, 'apache.conf'), lines.join('\n') + '\n');
  return ['-d', state, '-f', join(state, 'apache.conf'), '-DFOREGROUND'];
}

function lighttpdWords({ root, state, port, login }: Place): string[] {
  const lines = [
    `server.document-root = "${root}"`,
    'server.bind = "127.0.0.1"',
    `server.port = ${port}`,
    `server.errorlog = "${state}/error.log"`,
    'mimetype.assign = ( "" => "application/octet-stream" )',
  ];
  if (login !== undefined) {
    const wants = `"method" => "digest", "algorithm" => "${login.algorithm}", "realm" => "${realm}", "require" => "valid-user"`;
    lines.push(
      'server.modules += ( "mod_auth", "mod_authn_file" )',
      `auth.backend = "htdigest"`,
      `auth.backend.htdigest.userfile = "${writeLogin(state, login)}"`,
      `auth.require = ( "/" => ( ${wants} ) )`,
    );
  }
  writeFileSync(join(state, 'lighttpd.conf'), lines.join('\n') + '\n');
  return ['-D', '-f', join(state, 'lighttpd.conf')];
}
