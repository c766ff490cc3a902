/**
 * The man page, in man(7) macros. Commands and options come from the table of the parser; only what no parser knows is
 * written here.
 */
import { errorTable } from '../../base/errors.js';
import type { CommandEntry, OptionEntry } from './command-table.js';

/** The day on which the words of this page were looked at last. */
const revisedOn = '2026-11-23';

export function manPage(table: CommandEntry, version: string): string {
  const commands = flat(table).filter((entry) => entry.path.length > 0 && entry.path[0] !== 'help');
  return [
    `.TH MANYGET 1 ${revisedOn} "manyget ${text(version)}" "User Commands"`,
    '.SH NAME',
    'manyget \\- fetch one file in pieces from many servers at once, and run those servers',
    '.SH SYNOPSIS',
    ...commands.flatMap(synopsis).slice(0, -1),
    '.SH DESCRIPTION',
    ...paragraphs(description),
    '.SH COMMANDS',
    'Where no command is named, \\fBget\\fR is meant.',
    ...commands.flatMap(commandSection),
    '.SH EXIT STATUS',
    ...exitStatuses(),
    '.SH ENVIRONMENT',
    ...environment.flatMap(([name, what]) => tagged(`\\fB${text(name)}\\fR`, what)),
    '.SH FILES',
    ...files.flatMap(([name, what]) => tagged(`\\fI${text(name)}\\fR`, what)),
    '.SH SEE ALSO',
    '.BR aria2c (1),',
    '.BR curl (1),',
    '.BR wget (1)',
    '',
  ].join('\n');
}

const description: readonly string[] = [
  'manyget fetches one file from every server that has it, all at the same time, at the sum of their speeds. Servers may be slow, stall, die and come back: what one holds up, the others take over. Every piece is checked as it lands; the final name appears only when the whole file is right. Interrupted, killed or out of power: the same command goes on where it was.',
  'Addresses are mgp://, mgps://, http:// and https://. Sizes and speeds are bytes with the suffixes K, M and G, which count in 1024.',
];

const environment: readonly (readonly [string, string])[] = [
  ['MANYGET_TOKEN', 'the secret that servers ask for, as --token-file'],
  ['MANYGET_KEY_PASSWORD', 'the password of the secret key that manifest --sign takes'],
  ['MANYGET_STATE', 'the state folder of the daemon'],
  ['http_proxy, https_proxy, all_proxy, no_proxy', 'proxies, as with curl'],
  ['NETRC', 'the file with logins, instead of ~/.netrc'],
  ['NO_COLOR', 'no colours where it is set'],
  ['NODE_DISABLE_COMPILE_CACHE', 'what Node compiled of manyget is not kept, and not used, where it is set'],
  ['XDG_CACHE_HOME', 'where it and the hashes of served files are kept, instead of ~/.cache'],
];

const files: readonly (readonly [string, string])[] = [
  ['NAME.part', 'the file until it is whole; its journal is beside it'],
  ['~/.local/state/manyget', 'the state of the daemon: its token, its queue, where it listens'],
  ['~/.cache/manyget/code', 'what Node compiled of manyget, so that later runs start sooner; may be removed'],
  ['~/.cache/manyget/hashes', 'the hashes of served files; may be removed'],
];

function flat(entry: CommandEntry): CommandEntry[] {
  return [entry, ...entry.commands.flatMap(flat)];
}

function nameOf(entry: CommandEntry): string {
  return ['manyget', ...entry.path].map((word) => `\\fB${text(word)}\\fR`).join(' ');
}

/** Commands that only lead to others are no line of their own. */
function synopsis(entry: CommandEntry): string[] {
  if (entry.commands.length > 0) return [];
  const operands = entry.operands.map(({ placeholder }) => ` \\fI${text(placeholder)}\\fR`).join('');
  return [`${nameOf(entry)} [options]${operands}`, '.br'];
}

function commandSection(entry: CommandEntry): string[] {
  if (entry.commands.length > 0) return [];
  const operands = entry.operands.filter(({ summary }) => summary !== '');
  return [
    `.SS ${nameOf(entry).replaceAll(' ', '\\ ')}`,
    line(`${capital(entry.summary)}.`),
    ...operands.flatMap(({ placeholder, summary }) => tagged(`\\fI${text(placeholder)}\\fR`, summary)),
    ...entry.options.filter(({ flags }) => !flags.includes('--help')).flatMap(option),
    ...(entry.notes === '' ? [] : ['.PP', '.nf', ...entry.notes.split('\n').map(line), '.fi']),
  ];
}

function option({ flags, placeholder, summary }: OptionEntry): string[] {
  const value = placeholder === undefined ? '' : ` \\fI${text(placeholder)}\\fR`;
  return tagged(`${flags.map((flag) => `\\fB${text(flag)}\\fR`).join(', ')}${value}`, summary);
}

function exitStatuses(): string[] {
  const codes = new Map<number, string[]>([[0, ['success']]]);
  for (const [code, { exitStatus }] of Object.entries(errorTable)) {
    codes.set(exitStatus, [...(codes.get(exitStatus) ?? []), code]);
  }
  return [...codes].sort(([a], [b]) => a - b).flatMap(([status, names]) => tagged(String(status), names.join(', ')));
}

function tagged(tag: string, what: string): string[] {
  return ['.TP', tag, line(what)];
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((paragraph) => ['.PP', line(paragraph)]).slice(1);
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** A line that is no request, whatever it begins with. */
function line(plain: string): string {
  return text(plain).replace(/^([.'])/, '\\&$1');
}

/** `plain` with what troff would read otherwise: its escapes, and the signs that it makes typographic. */
function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('…', '...');
}
