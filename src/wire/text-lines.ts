import { ManygetError } from '../base/errors.js';

/**
 * The lines of a text file in UTF-8, without their ends.
 * @param where What the file is, for messages: `checksum file "SHA256SUMS"`.
 * @throws ManygetError `manifest-refused`: it has more than `bytesMax`; `manifest-malformed`: it is not UTF-8.
 */
export function textLines(bytes: Uint8Array, where: string, bytesMax: number): string[] {
  if (bytes.length > bytesMax) throw new ManygetError('manifest-refused', `${where} has more than ${bytesMax} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).split(/\r?\n/);
  } catch (cause) {
    throw new ManygetError('manifest-malformed', `${where} is not UTF-8`, { cause });
  }
}
