/**
 * Asked by one download before it opens a connection: several downloads that share a rule (so many connections to one
 * host, whoever has them) each get a gate of it. A host is "host:port", as the labels of sources have it.
 */
export interface ConnectionGate {
  /** Whether one more connection to `host` may be opened now; it then counts until `release`. */
  take(host: string): boolean;
  release(host: string): void;
  /** How many of this download's connections to `host` have to be given up now. */
  surplus(host: string): number;
}
