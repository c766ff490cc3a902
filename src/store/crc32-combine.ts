/**
 * The CRC-32 of two byte strings put together, from the CRC-32 of each: Mark Adler's method in zlib (crc32_combine).
 * Appending n bytes multiplies a CRC, seen as a polynomial over GF(2), by x^(8n) modulo the CRC's polynomial.
 */
const polynomial = 0xedb88320;

/** a * b modulo the polynomial, bits reversed as in the CRC: x^0 is the top bit. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= b;
    b = (b & 1) !== 0 ? (b >>> 1) ^ polynomial : b >>> 1;
  }
  return product >>> 0;
}

/** x^(2^n) for n = 0, 1, 2, ...; 2^53 bytes are below x^(2^57). */
const powers: readonly number[] = (() => {
  const table = [0x40000000];
  for (let n = 1; n < 60; n += 1) {
    const last = table[n - 1] ?? 0;
    table.push(multiply(last, last));
  }
  return table;
})();

/** @param secondBytes Length of the second string, 0 to 2^53 - 1. */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  let shift = 0x80000000; // x^0
  let left = secondBytes;
  for (let n = 3; left > 0; n += 1) {
    if (left % 2 === 1) shift = multiply(powers[n] ?? 0, shift);
    left = Math.floor(left / 2);
  }
  return (multiply(shift, first) ^ second) >>> 0;
}
