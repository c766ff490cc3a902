/** What a terminal sends in raw mode, as names of keys. */

const names: Readonly<Record<string, string>> = {
  '\u001b[A': 'up',
  '\u001bOA': 'up',
  '\u001b[B': 'down',
  '\u001bOB': 'down',
  '\u001b[C': 'right',
  '\u001bOC': 'right',
  '\u001b[D': 'left',
  '\u001bOD': 'left',
  '\u001b[5~': 'page-up',
  '\u001b[6~': 'page-down',
  '\u001b[H': 'home',
  '\u001bOH': 'home',
  '\u001b[1~': 'home',
  '\u001b[F': 'end',
  '\u001bOF': 'end',
  '\u001b[4~': 'end',
  '\u001b': 'escape',
  '\u001b[Z': 'back-tab',
  '\t': 'tab',
  '\r': 'enter',
  '\n': 'enter',
  '\u0003': 'interrupt',
  '\u001a': 'suspend',
};

/** The keys of `chunk`, in order: a name for those that have one, else what was sent. */
export function keysOf(chunk: string): string[] {
  // eslint-disable-next-line no-control-regex -- keys are control characters; an escape sequence is one key
  return Array.from(chunk.matchAll(/\u001b[[O][0-9;]*[ -/]*[@-~]|\u001b.?|[^]/gu), ([key]) => names[key] ?? key);
}
