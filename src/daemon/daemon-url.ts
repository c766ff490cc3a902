import { withBrackets } from '../base/host-name.js';

/** A host as a URL has it. */
export function hostName(host: string): string {
  return withBrackets(host.toLowerCase());
}

/** "http://127.0.0.1:6800"; what listens on all addresses is called by the loopback one. */
export function baseUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  const callable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${hostName(callable)}:${port}`;
}
