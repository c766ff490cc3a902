/** How one source of a download, or all sources of a host, are to be used. */
export interface SourceRule {
  /** A source's address, or the host, or host:port, of its address. */
  readonly match: string;
  /** Bytes a second that it may bring at most. At least 1024. */
  readonly limitBytesPerSec?: number | undefined;
  /** Sources of a higher tier are used only while those below it do not suffice. Default 0. */
  readonly tier?: number | undefined;
}

/** Whether `rule` is about the source at `url`. */
export function ruleMatches(rule: SourceRule, url: string): boolean {
  if (rule.match === url) return true;
  if (!URL.canParse(url)) return false;
  const { host, hostname } = new URL(url);
  const wanted = rule.match.toLowerCase();
  return wanted === host.toLowerCase() || wanted === hostname.toLowerCase() || `[${wanted}]` === hostname;
}
