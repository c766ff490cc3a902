import { messageOf } from '../base/message-of.js';

/** What a disk's refusal is to clients: what happened. Where our files are is none of their business. */
export function diskFault(error: unknown): string {
  const said = messageOf(error);
  const { path, syscall } = error as NodeJS.ErrnoException;
  const at = path === undefined ? -1 : said.indexOf(`, ${syscall ?? ''} '`);
  return `the disk failed: ${at === -1 ? said : said.slice(0, at)}`;
}
