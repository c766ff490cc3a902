/** Bytes as characters of the same number: what a header is made of, and the form in which two of them are compared fastest. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
