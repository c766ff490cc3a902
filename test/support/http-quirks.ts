import type { HttpReply, Quirk } from './http-test-server.js';

/**
 * What servers do with ranges, each by the name of its row in `docs/http.md`. A quirk changes the right answer; where
 * it concerns ranges, those of one byte (a question for the size) too, unless it says otherwise.
 */

function withHeaders(reply: HttpReply, headers: Record<string, string | undefined>): HttpReply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

function rangeHeader(start: number, end: number, total: number | string): Record<string, string> {
  return { 'Content-Range': `bytes ${start}-${end - 1}/${total}` };
}

export const exact: Quirk = (_ask, right) => right;

/** Gives at most 300,000 bytes, and says so. */
export const shorterRange: Quirk = (ask, right, file) => {
  if (right.status !== 206 || ask.range === undefined) return right;
  const end = Math.min(ask.range.end, ask.range.start + 300_000);
  const reply = withHeaders(right, rangeHeader(ask.range.start, end, file.length));
  return { ...reply, body: file.subarray(ask.range.start, end) };
};

/** Begins up to 1,000 bytes earlier and ends up to 100,000 later. */
export const longerRange: Quirk = (ask, right, file) => {
  if (right.status !== 206 || ask.range === undefined) return right;
  const start = Math.max(0, ask.range.start - 1000);
  const end = Math.min(file.length, ask.range.end + 100_000);
  return { ...withHeaders(right, rangeHeader(start, end, file.length)), body: file.subarray(start, end) };
};

/** Begins later than asked: the first byte is missing. */
export const laterRange: Quirk = (ask, right, file) => {
  if (right.status !== 206 || ask.range === undefined || ask.range.end - ask.range.start < 2) return right;
  const { start, end } = ask.range;
  return { ...withHeaders(right, rangeHeader(start + 1, end, file.length)), body: file.subarray(start + 1, end) };
};

/** States the length of the part as the size of the file. */
export const wrongTotal: Quirk = (ask, right) => {
  if (right.status !== 206 || ask.range === undefined) return right;
  const { start, end } = ask.range;
  return withHeaders(right, rangeHeader(start, end, end - start));
};

export const missingTotal: Quirk = (ask, right) => {
  if (right.status !== 206 || ask.range === undefined) return right;
  return withHeaders(right, rangeHeader(ask.range.start, ask.range.end, '*'));
};

export const missingContentRange: Quirk = (_ask, right) => withHeaders(right, { 'Content-Range': undefined });

/** Sends all of the file whatever the range. */
export const ignoresRange: Quirk = (_ask, right, file) => ({
  ...withHeaders(right, { 'Content-Range': undefined, 'Accept-Ranges': undefined }),
  status: 200,
  body: file,
});

/** Sends all of the file to any If-Range, the right one too. */
export const ignoresIfRange: Quirk = (ask, right, file) =>
  ask.headers['if-range'] === undefined ? right : ignoresRange(ask, right, file);

/** Answers the question for the size with a part, and everything else with all of the file. */
export const rangesForProbesOnly: Quirk = (ask, right, file) =>
  ask.range !== undefined && ask.range.end - ask.range.start > 1 ? ignoresRange(ask, right, file) : right;

/** No range suits it. */
export const refusesRanges: Quirk = (ask, right, file) =>
  ask.range === undefined ? right : notSatisfiable(right, `bytes */${file.length}`);

export const refusesRangesSilently: Quirk = (ask, right) =>
  ask.range === undefined ? right : notSatisfiable(right, undefined);

function notSatisfiable(right: HttpReply, contentRange: string | undefined): HttpReply {
  return { ...withHeaders(right, { 'Content-Range': contentRange }), status: 416, body: new Uint8Array(0) };
}

/** Wraps every part into a multipart body. */
export const multipart: Quirk = (ask, right) => {
  if (right.status !== 206 || ask.range === undefined) return right;
  const head = `\r\n--xyz\r\nContent-Type: application/octet-stream\r\nContent-Range: ${right.headers['Content-Range'] ?? ''}\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), right.body, Buffer.from('\r\n--xyz--\r\n')]);
  const type = { 'Content-Range': undefined, 'Content-Type': 'multipart/byteranges; boundary=xyz' };
  return { ...withHeaders(right, type), body };
};

/** Cuts every answer of more than half a mebibyte there. */
export const truncates: Quirk = (_ask, right) =>
  right.body.length > 524_288 ? { ...right, cutAfter: 524_288 } : right;

export const closesAfterEach: Quirk = (_ask, right) => ({ ...right, close: true });

export const chunked: Quirk = (_ask, right) => ({ ...right, framing: 'chunked' });

/** HTTP as it was in 1996: no ranges, the end of the connection is the end of the file. */
export const untilClose: Quirk = (ask, right, file) => ({ ...ignoresRange(ask, right, file), framing: 'until-close' });

/** Parts that end with the connection. */
export const partsUntilClose: Quirk = (_ask, right) => ({ ...right, framing: 'until-close' });

export const gzips: Quirk = (_ask, right) => withHeaders(right, { 'Content-Encoding': 'gzip' });

export const errorPage: Quirk = (_ask, right) => ({
  ...withHeaders(right, { 'Content-Range': undefined, 'Content-Type': 'text/html; charset=utf-8', ETag: undefined }),
  status: 200,
  body: Buffer.from('<html><body>Please log in</body></html>'),
});

/** Calls whatever it does not know a web page, and gives the whole file, as a part, to who asks for the first byte. */
export const likeBusybox: Quirk = (ask, right, file) => {
  const typed = withHeaders(right, { 'Content-Type': 'text/html' });
  if (ask.range?.start !== 0 || ask.range.end !== 1) return typed;
  return { ...withHeaders(typed, rangeHeader(0, file.length, file.length)), body: file };
};

/** Sends the same page for every name, in parts where they are asked for. */
export const pageInParts: Quirk = (ask, right) => {
  const page = Buffer.from('<!doctype html><html><body>An application</body></html>');
  const end = Math.min(ask.range?.end ?? page.length, page.length);
  const start = Math.min(ask.range?.start ?? 0, end);
  const range = right.status === 206 ? rangeHeader(start, end, page.length) : {};
  return { ...withHeaders(right, { 'Content-Type': 'text/html', ...range }), body: page.subarray(start, end) };
};

export function answersStatus(status: number, headers: Record<string, string> = {}): Quirk {
  return (_ask, right) => ({
    ...withHeaders(right, { 'Content-Range': undefined, ...headers }),
    status,
    body: Buffer.from('no'),
  });
}

/** Lets in whoever shows any login by Basic. */
export const wantsBasic: Quirk = (ask, right, file) => {
  if (ask.headers.authorization?.startsWith('Basic ') === true) return right;
  return answersStatus(401, { 'WWW-Authenticate': 'Negotiate, Basic realm="x"' })(ask, right, file);
};
