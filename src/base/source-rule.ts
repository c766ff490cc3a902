/** How one source of a download, or all sources of a host, are to be used. */
export interface SourceRule {
  /** A source's address, or the host, or host:port, of its address. */
  readonly match: string;
  /** Bytes a second that it may bring at most. At least 1024. */
  readonly limitBytesPerSec?: number | undefined;
  /** Sources of a higher tier are used only while those below it do not suffice. Default 0. */
  readonly tier?: number | undefined;
}

/** Ports that a URL leaves out. */
const defaultPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** Whether `rule` is about the source at `url`. */
export function ruleMatches(rule: SourceRule, url: string): boolean {
  return isMeantBy(rule.match, url);
}

/** Whether somebody who says `match`, an address, HOST or HOST:PORT, means the source at `url`. */
export function isMeantBy(match: string, url: string): boolean {
  if (match === url) return true;
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, port } = new URL(url);
  const wanted = match.toLowerCase();
  const host = hostname.toLowerCase();
  return wanted === host || `[${wanted}]` === host || wanted === `${host}:${port || defaultPorts[protocol]}`;
}
