import { createInterface } from 'node:readline';

import type { CliInput } from '../io.js';

/** Calls `onLine` with each line of a pipe or file. Its end changes nothing. Returns what stops reading. */
export function readPipedLines(input: CliInput, onLine: (line: string) => void): () => void {
  const lines = createInterface({ input, terminal: false });
  lines.on('line', onLine);
  return () => {
    lines.close();
    input.pause();
  };
}
