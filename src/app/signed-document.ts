import { readFileSync } from 'node:fs';
import { asManygetError, ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import {
  checkSignature,
  isPublicKey as isMinisignKey,
  minisignLimits,
  parsePublicKey,
  parseSignature,
} from '../wire/minisign.js';
import type { PublicKey, Signature } from '../wire/minisign.js';
import { readDocument, type DocumentPlaces } from './read-document.js';

/** Whose signature the documents that describe downloads have to have. */
export interface SignatureDemand {
  /** Public keys of minisign, or files with one; one of them has to have signed. */
  readonly keys: readonly string[];
  /** Where the signature is; default: beside the document, called as it is with ".minisig" behind. */
  readonly signature?: string | undefined;
  /** The signature itself, where it is handed over. */
  readonly signatureText?: string | undefined;
}

/** True for a public key in minisign's form; anything else may be the name of a file with one. */
export function isPublicKey(text: string): boolean {
  return isMinisignKey(text);
}

/** Where documents are, and who has to have signed them. */
export interface SignedPlaces extends DocumentPlaces {
  readonly demand?: SignatureDemand | undefined;
}

interface SignedDocument {
  readonly bytes: Uint8Array;
  /** Who signed it, in a sentence; undefined where nobody had to. */
  readonly notice: string | undefined;
}

/**
 * As `readDocument`, with the proof that one of the demanded keys has signed what was read.
 * @throws ManygetError as `readDocument`; `signature-missing`, `signature-wrong`; `usage` for a key that is none.
 */
export async function readSignedDocument(
  from: string,
  what: string,
  bytesMax: number,
  places: SignedPlaces,
): Promise<SignedDocument> {
  const { demand } = places;
  if (demand === undefined) return { bytes: await readDocument(from, what, bytesMax, places), notice: undefined };
  const keys = demand.keys.map(trustedKey);
  const label = `${what} "${printable(from)}"`;
  const bytes = await readDocument(from, what, bytesMax, places);
  const signature = await signatureOf(from, label, demand, places);
  const { id } = checkSignature(bytes, signature, keys, label);
  // What minisign writes there of itself has tabs between its parts.
  const text = Buffer.from(signature.trustedComment).toString('utf8').replaceAll('\t', '  ');
  const comment = printable(text, 200);
  return { bytes, notice: `${label} is signed by key ${id}: ${comment}` };
}

async function signatureOf(
  from: string,
  label: string,
  { signature, signatureText }: SignatureDemand,
  places: SignedPlaces,
): Promise<Signature> {
  if (signatureText !== undefined) return parseSignature(Buffer.from(signatureText), `the signature of ${label}`);
  const beside = signature ?? besideOf(from, label);
  return parseSignature(await readSignature(beside, label, places), `signature "${printable(beside)}"`);
}

/** The one line of a public key that is given as such or as a file. @throws ManygetError `usage`. */
export function publicKeyLine(given: string): string {
  trustedKey(given);
  if (isPublicKey(given)) return given;
  return (
    readKeyFile(given)
      .split(/\r?\n/)
      .map((line) => line.trim())
      .find(isPublicKey) ?? given
  );
}

/** @throws ManygetError `usage`. */
function trustedKey(given: string): PublicKey {
  const text = isPublicKey(given) ? given : readKeyFile(given);
  const key = parsePublicKey(text);
  if (key !== undefined) return key;
  throw new ManygetError(
    'usage',
    `--trusted-key "${printable(given, 100)}" holds no public key of minisign, expected one line of 56 characters that begins with RW`,
  );
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'latin1').slice(0, minisignLimits.keyBytesMax);
  } catch (cause) {
    throw new ManygetError(
      'usage',
      `--trusted-key "${printable(path, 100)}" is neither a public key (RW…) nor a file that can be read: ${asManygetError(cause).message}`,
      { cause },
    );
  }
}

function besideOf(from: string, label: string): string {
  if (from === '-') {
    throw new ManygetError(
      'signature-missing',
      `${label} comes from standard input, which has no signature beside it: name one with --signature`,
    );
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(from)) return `${from}.minisig`;
  const url = new URL(from);
  url.pathname += '.minisig';
  return url.href;
}

async function readSignature(from: string, label: string, places: DocumentPlaces): Promise<Uint8Array> {
  try {
    return await readDocument(from, 'signature', minisignLimits.signatureBytesMax, places);
  } catch (thrown) {
    const cause = asManygetError(thrown);
    const code = cause.code === 'manifest-refused' ? 'signature-wrong' : 'signature-missing';
    throw new ManygetError(code, `${label} has to be signed: ${cause.message}`, { cause });
  }
}
