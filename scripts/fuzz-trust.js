// @ts-check
// Signatures, keys and calls of the RPC for `scripts/fuzz.js`: what was changed is not believed, and every call has an answer.
import { JsonRpc } from '../dist/daemon/rpc/json-rpc.js';
import { openSecretKey, parseSecretKey } from '../dist/wire/minisign-secret.js';
import { checkSignature, parsePublicKey, parseSignature } from '../dist/wire/minisign.js';

/** Calls that anybody may make: the answer is JSON, whatever came in. @param {Uint8Array} bytes */
export async function rpcTrace(bytes) {
  const rpc = new JsonRpc(new Map([['aria2.addUri', () => 'gid']]), (token) => token === 't');
  const { status, body } = await rpc.answer(Buffer.from(bytes).toString('utf8'));
  return [status, JSON.parse(body)];
}

const signedText = Buffer.from('hello, world\n');
const publicKey = 'RWT/W1zCsNiWeTUKKDElRoaNLz/tB/NCpPzqQKeKhGFPPAhIMHTPWppj';
const signature = `untrusted comment: x
RUT/W1zCsNiWeTQ5ZsNxCIlVvv/pyPzFIqQkhVFAGgyvQt5xBfUwi2evPmkoqIDrQkhH0N/snpugBwJf77rzMHu7pbmBdlTX0Ac=
trusted comment: timestamp:5 plain
sRSRsR/LvAUvmFRijLleVz1MOLPp0m4/MNBga7g5HWdE8uNPc1HtVf8YH6fBDxKFvzeFaBty8GfB8sbrbA0sDg==
`;
const openSecretText = `untrusted comment: x
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/1tcwrDYlnmIV7Yl4w0vMgXvjXwaLchahz0oXRomXTb50FknOQmP3jUKKDElRoaNLz/tB/NCpPzqQKeKhGFPPAhIMHTPWppjAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
`;
/** What is signed of it: all else is a comment that nobody believes. */
const signedLines = (/** @type {string} */ s) => s.replaceAll('\r', '').split('\n').slice(1, 4).join('\n');

/** A signature that was changed is not believed. @param {Buffer} bytes */
export function signatureTrace(bytes) {
  const s = bytes.toString('latin1');
  const key = parsePublicKey(s);
  const secret = parseSecretKey(s);
  const opened = secret === undefined ? undefined : openSecretKey(secret, undefined);
  const trusted = parsePublicKey(publicKey);
  if (trusted === undefined) throw new Error('the key of the target is none');
  const { id } = checkSignature(signedText, parseSignature(bytes, 'x'), [trusted], 'x');
  if (signedLines(s) !== signedLines(signature)) throw new Error('a changed signature is believed');
  return [key?.id, opened?.id, id];
}

export const signatureSamples = [signature, publicKey, openSecretText];
