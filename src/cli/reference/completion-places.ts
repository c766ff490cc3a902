/** What can stand where on a command line, for scripts of all shells. */
import type { CommandEntry, OptionEntry, ValueKind } from './command-table.js';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

interface Flag {
  readonly flag: string;
  readonly summary: string;
  /** Undefined where no value follows. */
  readonly takes: ValueKind | undefined;
}

/** A place behind the words of a command. */
export interface Place {
  /** "" behind `manyget` alone, else "get", "fleet add". */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly flags: readonly Flag[];
  readonly operand: ValueKind;
  /** Whether more than one operand may follow. */
  readonly isVariadic: boolean;
}

/** Every place of `table`; behind `manyget` alone also what its default command takes. */
export function completionPlaces(table: CommandEntry, defaultCommand: string): Place[] {
  const places: Place[] = [];
  const visit = (entry: CommandEntry): void => {
    places.push(placeOf(entry));
    entry.commands.forEach(visit);
  };
  visit(table);
  const help = places.find((place) => place.path === 'help');
  if (help !== undefined) places[places.indexOf(help)] = { ...help, operand: commandWords(table) };
  const usual = places.find((place) => place.path === defaultCommand);
  return places.map((place) => (place.path === '' && usual !== undefined ? withDefault(place, usual) : place));
}

function commandWords({ commands }: CommandEntry): ValueKind {
  return { type: 'words', words: commands.map(({ path }) => path[0] ?? '').filter((name) => name !== 'help') };
}

function placeOf(entry: CommandEntry): Place {
  const [operand] = entry.operands;
  return {
    path: entry.path.join(' '),
    commands: entry.commands.map(({ path, summary }) => ({ name: path.at(-1) ?? '', summary })),
    flags: entry.options.flatMap(flagsOf),
    operand: operand?.takes ?? { type: 'text' },
    isVariadic: operand?.isVariadic ?? false,
  };
}

function withDefault(place: Place, usual: Place): Place {
  const own = new Set(place.flags.map(({ flag }) => flag));
  const flags = [...place.flags, ...usual.flags.filter(({ flag }) => !own.has(flag))];
  return { ...usual, path: '', commands: place.commands, flags };
}

function flagsOf({ flags, placeholder, takes, summary }: OptionEntry): Flag[] {
  return flags.map((flag) => ({ flag, summary, takes: placeholder === undefined ? undefined : takes }));
}

/** A kind as a word of the scripts: "file", or "=auto always never". */
export function kindWord(kind: ValueKind | undefined): string {
  if (kind === undefined) return 'flag';
  return kind.type === 'words' ? `=${kind.words.join(' ')}` : kind.type;
}

/** `text` as one word of a shell. */
export function quoted(text: string, shell: Shell): string {
  if (shell === 'fish') return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
