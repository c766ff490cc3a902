import { scrypt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { asManygetError, ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { minisignLimits } from '../wire/minisign.js';
import {
  openSecretKey,
  parseSecretKey,
  sealedBytes,
  signatureText,
  type KeyStretching,
  type SecretKeyFile,
} from '../wire/minisign-secret.js';

/** Signs a text that is to be called `name`; the text of its .minisig file. */
export type Signer = (text: string, name: string) => string;

/**
 * Reads a secret key of minisign; `askPassword` is called only where it is sealed.
 * @throws ManygetError `usage`: no such key, or another password.
 */
export async function openSigner(path: string, askPassword: () => Promise<string>): Promise<Signer> {
  const file = readKeyFile(path);
  const { stretching } = file;
  const stream = stretching === undefined ? undefined : await stretched(await askPassword(), stretching);
  const key = openSecretKey(file, stream);
  if (key === undefined) {
    const why = stretching === undefined ? 'its halves do not fit each other' : 'that is not its password';
    throw new ManygetError('usage', `the key "${printable(path, 200)}" does not open: ${why}`);
  }
  return (text, name) => {
    const seconds = Math.floor(Date.now() / 1000);
    return signatureText(Buffer.from(text), key, `timestamp:${seconds}\tfile:${printable(name)}\thashed`);
  };
}

function readKeyFile(path: string): SecretKeyFile {
  let text: string;
  try {
    text = readFileSync(path, 'latin1').slice(0, minisignLimits.keyBytesMax);
  } catch (cause) {
    const why = asManygetError(cause).message;
    throw new ManygetError('usage', `--sign names "${printable(path, 200)}", which cannot be read: ${why}`, { cause });
  }
  const file = parseSecretKey(text);
  if (file !== undefined) return file;
  throw new ManygetError('usage', `--sign names "${printable(path, 200)}", which is no secret key of minisign`);
}

function stretched(password: string, { salt, memoryBytes, ...figures }: KeyStretching): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, sealedBytes, { ...figures, maxmem: memoryBytes }, (error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(asManygetError(error, 'usage', 'the key cannot be opened on this machine'));
    });
  });
}
