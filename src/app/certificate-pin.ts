import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { keyPin } from '../sources/tls-trust.js';

/** What `--pin` takes for the first certificate in the file, which somebody has read before. */
export function certificatePin(path: string): string {
  return `sha256//${keyPin(new X509Certificate(readFileSync(path)).publicKey)}`;
}
