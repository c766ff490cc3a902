import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSigner } from '../../src/app/open-signer.js';
import { openKey } from './minisign-samples.js';

/** The signature that `openKey` gives `text`. The key lies in `folder` for that. */
export async function signedText(folder: string, text: string): Promise<string> {
  const keyFile = join(folder, 'test.key');
  writeFileSync(keyFile, openKey.secretKey);
  const sign = await openSigner(keyFile, () => Promise.reject(new Error('asked for a password')));
  return sign(text, 'film.meta4');
}
