import { ManygetError } from '../../base/errors.js';
import { parseLimitSchedule } from '../../base/limit-schedule.js';
import { printable } from '../../base/printable.js';
import { parseBytes } from '../../base/units.js';

/**
 * The options of a download and of the queue, under the names that aria2 gave them: one vocabulary for RPC, page and
 * store. Values are texts, as aria2 has them. An option of aria2 that means nothing here is kept and shown again, and
 * has no effect; docs/rpc.md lists those that do.
 */
export type OptionTexts = Readonly<Record<string, string>>;

type Kind =
  | { readonly type: 'flag' }
  | { readonly type: 'text' }
  | { readonly type: 'bytes' }
  | { readonly type: 'schedule' }
  | { readonly type: 'whole'; readonly min: number; readonly max: number };

interface OptionFacts {
  readonly kind: Kind;
  readonly initial?: string;
  /** Of the queue as a whole. */
  readonly isGlobal?: true;
}

const flag = { type: 'flag' } as const;
const text = { type: 'text' } as const;
const bytes = { type: 'bytes' } as const;
const schedule = { type: 'schedule' } as const;

const facts: Readonly<Record<string, OptionFacts>> = {
  'all-proxy': { kind: text },
  'allow-overwrite': { kind: flag, initial: 'false' },
  'auto-file-renaming': { kind: flag, initial: 'true' },
  'ca-certificate': { kind: text },
  'check-certificate': { kind: flag, initial: 'true' },
  checksum: { kind: text },
  'connect-timeout': { kind: { type: 'whole', min: 1, max: 600 }, initial: '10' },
  continue: { kind: flag, initial: 'true' },
  dir: { kind: text },
  gid: { kind: text },
  header: { kind: text },
  'http-passwd': { kind: text },
  'http-proxy': { kind: text },
  'http-user': { kind: text },
  'https-proxy': { kind: text },
  'load-cookies': { kind: text },
  'max-connection-per-server': { kind: { type: 'whole', min: 1, max: 64 }, initial: '8' },
  'max-download-limit': { kind: bytes, initial: '0' },
  'max-download-limit-schedule': { kind: schedule },
  'no-netrc': { kind: flag, initial: 'false' },
  'no-proxy': { kind: text },
  out: { kind: text },
  pause: { kind: flag, initial: 'false' },
  referer: { kind: text },
  'user-agent': { kind: text },
  'max-concurrent-downloads': { kind: { type: 'whole', min: 1, max: 100 }, initial: '5', isGlobal: true },
  'max-download-result': { kind: { type: 'whole', min: 0, max: 100_000 }, initial: '1000', isGlobal: true },
  'max-overall-download-limit': { kind: bytes, initial: '0', isGlobal: true },
  // Not aria2's.
  'header-for': { kind: text },
  signature: { kind: text },
  'trusted-key': { kind: text },
  'max-overall-download-limit-schedule': { kind: schedule, isGlobal: true },
  'max-connection-per-host': { kind: { type: 'whole', min: 0, max: 1000 }, initial: '0', isGlobal: true },
};

/** Options of aria2 that change nothing here: front ends set and read them. */
const inert: ReadonlySet<string> = new Set(
  (
    'allow-piece-length-change always-resume async-dns check-integrity conditional-get content-disposition-default-utf8 ' +
    'dry-run enable-http-keep-alive enable-http-pipelining enable-mmap file-allocation follow-metalink follow-torrent ' +
    'force-save hash-check-only http-accept-gzip http-auth-challenge http-no-cache lowest-speed-limit ' +
    'max-file-not-found max-mmap-limit max-resume-failure-tries max-tries metalink-base-uri metalink-language ' +
    'metalink-location metalink-os metalink-preferred-protocol metalink-version metalink-enable-unique-protocol ' +
    'min-split-size no-file-allocation-limit no-want-digest-header parameterized-uri pause-metadata piece-length ' +
    'proxy-method realtime-chunk-checksum remote-time remove-control-file retry-wait reuse-uri save-not-found ' +
    'select-file split stream-piece-selector timeout uri-selector use-head auto-save-interval disk-cache ' +
    'keep-unfinished-download-result log log-level optimize-concurrent-downloads save-session save-session-interval ' +
    'max-upload-limit max-overall-upload-limit seed-ratio seed-time bt-max-peers bt-tracker'
  ).split(' '),
);

/** Of one download alone. What all followed would give them one name, or the hash of another file. */
const own: ReadonlySet<string> = new Set(['checksum', 'gid', 'out', 'pause', 'select-file', 'signature']);

const textCharsMax = 16_384;

/** `given` as it is kept: known names only, sizes in plain bytes. @throws ManygetError `usage`. */
export function readOptions(given: Readonly<Record<string, unknown>>): Record<string, string> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const known = Object.hasOwn(facts, name) ? facts[name] : undefined;
    if (known === undefined && !inert.has(name)) continue;
    const written = Array.isArray(value) ? value.map(String).join('\n') : asText(value);
    if (written === undefined || written.length > textCharsMax) throw badOption(name);
    read[name] = known === undefined ? written : readValue(name, known.kind, written);
  }
  return read;
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

function readValue(name: string, kind: Kind, written: string): string {
  switch (kind.type) {
    case 'text':
      return written;
    case 'flag':
      if (written === 'true' || written === 'false') return written;
      throw badOption(name, written);
    case 'bytes': {
      const count = parseBytes(written);
      if (count === undefined) throw badOption(name, written);
      return String(count);
    }
    case 'schedule':
      parseLimitSchedule(written);
      return written;
    case 'whole': {
      const count = /^\d{1,9}$/.test(written) ? Number(written) : NaN;
      if (count >= kind.min && count <= kind.max) return String(count);
      throw badOption(name, written, ` of ${kind.min} to ${kind.max}`);
    }
  }
}

function badOption(name: string, written = '', range = ''): ManygetError {
  const what = written === '' ? 'its value' : `"${printable(written, 60)}"`;
  return new ManygetError(
    'usage',
    `the option ${name} does not take ${what}${range === '' ? '' : `, expected a number${range}`}`,
  );
}

export function isGlobalOption(name: string): boolean {
  return Object.hasOwn(facts, name) && facts[name]?.isGlobal === true;
}

/** Those of `options` that can be the queue's: as aria2 has it, the others are left out without a word. */
export function queueOptions(options: OptionTexts): Record<string, string> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !own.has(name)));
}

/** What counts where nobody said anything. `withGlobal`: also the options of the queue as a whole. */
export function initialOptions(folder: string, withGlobal: boolean): Record<string, string> {
  const initial: Record<string, string> = { dir: folder };
  for (const [name, { initial: value, isGlobal }] of Object.entries(facts)) {
    if (value !== undefined && (withGlobal || isGlobal !== true)) initial[name] = value;
  }
  return initial;
}
