import type { HttpRequestHead } from '../wire/http-request-head.js';
import type { HttpRequestTarget } from '../wire/http-request-target.js';
import type { HeaderLine } from '../wire/http-request.js';
import { folderPage, folderPagePolicy } from './folder-page.js';
import { plainAnswer, type HttpAnswer } from './http-answer.js';
import type { ServerContext } from './server-context.js';

/** Answers requests for a folder, "" or a name with "/" behind it: a page for people, JSON for programs that ask for it. */
export async function answerFolder(
  head: HttpRequestHead,
  target: HttpRequestTarget,
  context: ServerContext,
): Promise<HttpAnswer> {
  const name = target.name.replace(/\/$/, '');
  const after = new URLSearchParams(target.query).get('after') ?? '';
  const listing = await context.lister.folder(name, after);
  if (listing === undefined) return plainAnswer(404, `there is no folder "${name}" here`);
  const common: HeaderLine[] = [
    ['Cache-Control', 'no-cache'],
    ['Vary', 'Accept'],
    ['X-Content-Type-Options', 'nosniff'],
  ];
  if (prefersJson(head.headers.get('accept'))) {
    const headers: HeaderLine[] = [['Content-Type', 'application/json'], ...common];
    return { status: 200, headers, body: { kind: 'text', text: `${JSON.stringify({ name, ...listing })}\n` } };
  }
  const headers: HeaderLine[] = [
    ['Content-Type', 'text/html; charset=utf-8'],
    ['Content-Security-Policy', folderPagePolicy],
    ['Referrer-Policy', 'no-referrer'],
    ...common,
  ];
  const text = folderPage(name, listing, { after, agent: context.agent });
  return { status: 200, headers, body: { kind: 'text', text } };
}

/** Programs that want JSON say so alone; browsers name text/html first. */
function prefersJson(accept: string | undefined): boolean {
  return /(?:^|,)\s*application\/json\s*(?:;|,|$)/i.test(accept ?? '') && !/text\/html/i.test(accept ?? '');
}
