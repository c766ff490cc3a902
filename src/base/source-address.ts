/** True for the address of something to fetch: of HTTP or mgp, in the clear or over TLS, with a host. */
export function isSourceAddress(text: string): boolean {
  return /^(?:https?|mgps?):\/\/[^/]/i.test(text);
}
