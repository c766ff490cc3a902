import { randomBytes } from 'node:crypto';
import { rangeBytes } from '../base/byte-range.js';
import { lastPart } from '../base/last-part.js';
import type { HttpRequestHead } from '../wire/http-request-head.js';
import { encodePath, type HttpRequestTarget } from '../wire/http-request-target.js';
import type { HeaderLine } from '../wire/http-request.js';
import { judgeConditions, namedTag, rangeApplies, type CurrentVersion } from '../wire/http-server-conditions.js';
import { declinesReprDigest, legacyDigest, reprDigest, wantsLegacyDigest } from '../wire/http-server-digest.js';
import { formatHttpDate } from '../wire/http-server-head.js';
import { mediaType } from '../wire/http-server-media-type.js';
import { contentRange, frameParts } from '../wire/http-server-multipart.js';
import { planRanges, type RangePlan } from '../wire/http-server-ranges.js';
import type { CatalogFile } from './catalog.js';
import { plainAnswer, type FileBody, type HttpAnswer } from './http-answer.js';
import type { HashTable } from './hash-table.js';
import { manifestName } from './manifest-page.js';
import type { OpenFile } from './open-files.js';
import type { ServerContext } from './server-context.js';
import { duplicateLinks, type FleetAddresses } from './sibling-links.js';

/** A request for a file that is there. */
interface FileRequest {
  readonly head: HttpRequestHead;
  readonly target: HttpRequestTarget;
  readonly file: CatalogFile;
  /** What is known of its hashes. */
  readonly table: HashTable | undefined;
  readonly addresses: FleetAddresses;
  readonly nowMs: number;
}

/** Answers GET and HEAD for files: conditions, ranges, headers. Undefined where the file changed on the way. */
export async function answerFile(request: FileRequest, context: ServerContext): Promise<HttpAnswer | undefined> {
  const { head, file, table, nowMs } = request;
  const tags = context.tags.tagsOf(file, table);
  // A date in the future says nothing, and must not be sent (RFC 9110 8.8.2.1).
  const modifiedMs = file.mtimeMs <= nowMs ? file.mtimeMs : undefined;
  const current: CurrentVersion = { tags: tags.all, modifiedMs };
  const validators: HeaderLine[] = [['ETag', namedTag(head.headers, tags.all) ?? tags.main]];
  if (modifiedMs !== undefined) validators.push(['Last-Modified', formatHttpDate(modifiedMs)]);
  switch (judgeConditions(head.headers, current, nowMs)) {
    case 'not-modified':
      return {
        status: 304,
        headers: [...validators, ['Cache-Control', 'no-cache']],
        body: { kind: 'none', bodyBytes: undefined },
      };
    case 'failed':
      return plainAnswer(412, `"${file.name}" is no longer the version that was named`, validators);
    case 'proceed':
      break;
  }
  const headers = [...validators, ...fileHeaders(request)];
  if (head.method === 'HEAD') {
    const type = mediaType(file.name);
    return { status: 200, headers: [...headers, ['Content-Type', type]], body: { kind: 'none', bodyBytes: file.size } };
  }
  const ranged = rangeApplies(head.headers, current, nowMs);
  const plan = planRanges(ranged ? head.headers.get('range') : undefined, file.size);
  if (plan.kind === 'unsatisfiable') {
    const sentence = `"${file.name}" has ${file.size} bytes, and none of those asked for`;
    return plainAnswer(416, sentence, [...validators, ['Content-Range', `bytes */${file.size}`]]);
  }
  const open = await context.openFiles.acquire(file);
  return open === undefined ? undefined : bodyAnswer(open, plan, headers, context);
}

function bodyAnswer(
  file: OpenFile,
  plan: Exclude<RangePlan, { kind: 'unsatisfiable' }>,
  headers: readonly HeaderLine[],
  context: ServerContext,
): HttpAnswer {
  const type = mediaType(file.name);
  if (plan.kind === 'whole') {
    const parts = [{ head: '', range: { start: 0, end: file.size } }];
    const body: FileBody = { kind: 'file', file, parts, tail: '', bodyBytes: file.size };
    return { status: 200, headers: [...headers, ['Content-Type', type]], body };
  }
  const [range, ...others] = plan.ranges;
  if (others.length === 0) {
    const body: FileBody = { kind: 'file', file, parts: [{ head: '', range }], tail: '', bodyBytes: rangeBytes(range) };
    const described: HeaderLine[] = [
      ['Content-Type', type],
      ['Content-Range', contentRange(range, file.size)],
    ];
    return { status: 206, headers: [...headers, ...described], body };
  }
  const frame = frameParts(plan.ranges, file.size, type, randomBytes(20).toString('hex'));
  const parts = plan.ranges.map((part, i) => ({ head: frame.heads[i] ?? '', range: part }));
  for (const _ of others) context.openFiles.share(file);
  const body: FileBody = { kind: 'file', file, parts, tail: frame.tail, bodyBytes: frame.bodyBytes };
  return { status: 206, headers: [...headers, ['Content-Type', frame.contentType]], body };
}

/** What is said of the whole file, whichever part of it is sent. */
function fileHeaders({ head, target, file, table, addresses }: FileRequest): HeaderLine[] {
  const headers: HeaderLine[] = [
    ['Accept-Ranges', 'bytes'],
    ['Cache-Control', 'no-cache'],
    ['X-Content-Type-Options', 'nosniff'],
  ];
  const sha256 = table?.sha256 ?? undefined;
  if (sha256 !== undefined) {
    if (!declinesReprDigest(head.headers.get('want-repr-digest'))) headers.push(['Repr-Digest', reprDigest(sha256)]);
    if (wantsLegacyDigest(head.headers.get('want-digest'))) headers.push(['Digest', legacyDigest(sha256)]);
  }
  for (const link of duplicateLinks(addresses, file.name)) headers.push(['Link', link]);
  const manifest = sha256 === undefined ? undefined : manifestName(file);
  if (manifest !== undefined) {
    const url = `${addresses.own}/${encodePath(manifest)}`;
    const promise = table === undefined ? '' : `; piece-length=${table.data.pieceBytes}`;
    headers.push(['Link', `<${url}>; rel=describedby; type="application/metalink4+xml"${promise}`]);
  }
  if (asksDownload(target.query)) headers.push(['Content-Disposition', attachment(file.name)]);
  return headers;
}

function asksDownload(query: string): boolean {
  return query.split('&').some((part) => part === 'download' || part.startsWith('download='));
}

/** RFC 6266, with the name in ASCII for those who do not read the encoded one. */
function attachment(name: string): string {
  const own = lastPart(name);
  const ascii = own.replace(/[^\u0020-\u007e]|["\\%]/g, '_');
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encodePath(own)}`;
}
