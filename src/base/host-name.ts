/** A host as it is in an address, where an IPv6 address stands in brackets. */
export function withBrackets(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** One end of a connection, as people write it. */
export function hostAndPort(host: string, port: number): string {
  return `${withBrackets(host)}:${port}`;
}

/** A host as it is looked up and connected to, from how it is in an address. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
