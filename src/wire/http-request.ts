import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';

/** A header of a request: name and value. */
export type HeaderLine = readonly [name: string, value: string];

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// eslint-disable-next-line no-control-regex -- these are the very characters that a value must not hold
const badInValue = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;

/** @throws ManygetError `usage`: it would break the request apart, or cannot be written as bytes. */
export function checkHeaderLine(name: string, value: string): void {
  if (!token.test(name)) throw new ManygetError('usage', `"${printable(name, 60)}" is not the name of an HTTP header`);
  if (badInValue.test(value)) {
    throw new ManygetError('usage', `the value of the header ${name} holds characters that HTTP does not allow`);
  }
}

/**
 * The bytes of a request without a body. `target` is a path with its query, a whole URL for a proxy, or host and port
 * for CONNECT.
 */
export function encodeRequest(method: 'GET' | 'CONNECT', target: string, headers: readonly HeaderLine[]): Uint8Array {
  if (!/^[\u0021-\u007e]+$/.test(target)) {
    throw new ManygetError('usage', `"${printable(target, 100)}" cannot be asked for: it holds unescaped characters`);
  }
  let text = `${method} ${target} HTTP/1.1\r\n`;
  for (const [name, value] of headers) {
    checkHeaderLine(name, value);
    text += `${name}: ${value}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, 'latin1');
}
