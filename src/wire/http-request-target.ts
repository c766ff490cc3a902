import { printable } from '../base/printable.js';
import type { HttpRequestHead } from './http-request-head.js';
import { HttpRequestRefusal } from './http-request-refusal.js';

/** What a request asks for, decoded once. Pure: whether there is such a thing is not said here. */
export interface HttpRequestTarget {
  /** The path without its first "/": a name, or a folder's name with "/" behind it, or "" for the root. */
  readonly name: string;
  /** Between "?" and the end, as sent; "" where there is none. */
  readonly query: string;
  /** Host and port as the client calls us, such as `a.example:80` or `[::1]:9001`; undefined from some HTTP/1.0 clients. */
  readonly host: string | undefined;
}

const authority = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._~!$&'()*+,;=-]{1,255})(?::(\d{0,5}))?$/;

/**
 * Reads the target and the Host header of a request.
 * @throws HttpRequestRefusal
 */
export function readTarget(head: HttpRequestHead, peer: string): HttpRequestTarget {
  const refusal = (received: string): HttpRequestRefusal =>
    new HttpRequestRefusal(400, `${peer} sent ${received}, which this server cannot read`);
  const hosts = head.headers.all('host');
  if (hosts.length > 1) throw refusal('more than one Host header');
  let [host] = hosts;
  if (host === undefined && head.minor === 1) throw refusal('a request of HTTP/1.1 without a Host header');
  let { target } = head;
  const absolute = /^https?:\/\/([^/?#]*)([^#]*)$/i.exec(target);
  if (absolute !== null) {
    // The target's own authority counts, whatever Host says (RFC 9112 3.2.2).
    host = absolute[1] ?? '';
    target = absolute[2] ?? '';
    if (!target.startsWith('/')) target = `/${target}`;
  }
  if (host === '') host = undefined;
  if (host !== undefined && !authority.test(host)) throw refusal(`the host "${printable(host, 80)}"`);
  if (!target.startsWith('/') || target.includes('#')) throw refusal(`the target "${printable(target, 80)}"`);
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const name = decodePath(path.slice(1));
  if (name === undefined) throw refusal(`the path "${printable(path, 80)}"`);
  return { name, query: mark === -1 ? '' : target.slice(mark + 1), host };
}

/** Percent-decoding, once; undefined where it is malformed, is not UTF-8, or hides a separator or NUL. */
function decodePath(path: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(path) || /%(?:2[Ff]|00)/.test(path)) return undefined;
  const bytes = path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    // A byte order mark is three bytes of the name, like any others.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return undefined; // Names are UTF-8; there is nothing under any other.
  }
}

/** A name as the path of a URL, without the "/" before it. */
export function encodePath(name: string): string {
  return name.split('/').map(encodeSegment).join('/');
}

/** As encodeURIComponent, and the few more characters that mean something in headers and in HTML. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
