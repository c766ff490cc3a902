import { join } from 'node:path';
import type { DownloadOptions } from '../../base/download-handle.js';
import { headerFor } from '../../base/header-for.js';
import type { HttpOptions } from '../../base/http-options.js';
import type { DownloadSpec } from './download-spec.js';
import type { OptionTexts } from './option-table.js';

/** What the engine is asked for one download of the queue. `output`: where it has to go, whatever its options say. */
export function downloadOptions(
  spec: DownloadSpec,
  defaults: OptionTexts,
  output: string | undefined,
): DownloadOptions {
  const texts: OptionTexts = { ...defaults, ...spec.options };
  const http = httpOptions(spec, defaults);
  const connections = texts['max-connection-per-server'];
  return {
    sources: spec.sources,
    output: output ?? wantedOutput(spec, texts),
    resume: true,
    overwrite: texts['allow-overwrite'] === 'true',
    manifest: spec.content,
    connectTimeoutMs: Number(texts['connect-timeout'] ?? 10) * 1000,
    ...(connections === undefined ? {} : { connectionsPerSourceMax: Number(connections) }),
    ...(Object.keys(http).length === 0 ? {} : { http }),
  };
}

/** A folder, with its separator at the end, where the file keeps its own name. */
function wantedOutput(spec: DownloadSpec, texts: OptionTexts): string {
  const folder = texts['dir'] ?? '.';
  const below = texts['out'] ?? spec.relativePath;
  return below === undefined || below === '' ? join(folder, '/') : join(folder, below);
}

/** How HTTP servers are asked for `spec`, or for what leads to it. */
export function httpOptions(
  spec: Pick<DownloadSpec, 'sources' | 'options' | 'origin'>,
  defaults: OptionTexts,
): HttpOptions {
  const texts: OptionTexts = { ...defaults, ...spec.options };
  const headersFor = lines(texts['header-for']).map((line) => headerFor(line, 'the option header-for'));
  const proxy = proxyOptions(texts);
  return {
    ...(spec.origin === '' ? {} : ofOneOrigin(spec, texts)),
    ...(headersFor.length === 0 ? {} : { headersFor }),
    ...text('userAgent', texts['user-agent']),
    ...text('cookieFile', texts['load-cookies']),
    ...text('caCertificate', texts['ca-certificate']),
    ...(texts['no-netrc'] === 'true' ? { netrc: false as const } : {}),
    ...(texts['check-certificate'] === 'false' ? { insecure: true } : {}),
    ...(proxy === undefined ? {} : { proxy }),
  };
}

/** What is a secret, or may be one, and for whom it is. */
function ofOneOrigin(
  { sources, options, origin }: Pick<DownloadSpec, 'sources' | 'options' | 'origin'>,
  texts: OptionTexts,
): HttpOptions {
  const headers = lines(texts['header']);
  // A name and its password are of this download alone: those of the daemon's options would go to any server.
  const { 'http-user': name, 'http-passwd': password } = options;
  const user = name === undefined ? undefined : `${name}:${password ?? ''}`;
  const given: HttpOptions = {
    ...(headers.length === 0 || !sources.some((url) => /^https?:/i.test(url)) ? {} : { headers }),
    ...(user === undefined ? {} : { user }),
    ...text('referer', texts['referer'] === '*' ? sources[0] : texts['referer']),
  };
  return origin === undefined || Object.keys(given).length === 0 ? given : { ...given, origin };
}

function proxyOptions(texts: OptionTexts): HttpOptions['proxy'] | undefined {
  const proxy = {
    ...text('all', texts['all-proxy']),
    ...text('http', texts['http-proxy']),
    ...text('https', texts['https-proxy']),
    ...text('no', texts['no-proxy']),
  };
  return Object.keys(proxy).length === 0 ? undefined : proxy;
}

function text<K extends string>(name: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined || value === '' ? {} : ({ [name]: value } as Record<K, string>);
}

function lines(value: string | undefined): string[] {
  return (value ?? '').split('\n').filter((line) => line.trim() !== '');
}
