/** Signs that views write beyond ASCII wherever they are, and what stands for each on a terminal without Unicode. */
const asciiSigns: Readonly<Record<string, string>> = { '…': '~', '↑': '^', '↓': 'v' };

/** `line` with ASCII in place of our own signs, column for column. What others have named stays as they wrote it. */
export function inAscii(line: string): string {
  return line.replace(/[…↑↓]/g, (sign) => asciiSigns[sign] ?? sign);
}
