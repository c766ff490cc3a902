/** A host as it is in an address, where an IPv6 address stands in brackets. */
export function withBrackets(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** A host as it is looked up and connected to, from how it is in an address. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
