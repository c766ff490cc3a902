/**
 * Every command and option as plain data, read from the program that parses them. Completions and the man page are made
 * of it, so that neither knows of anything that the parser does not, or lacks what it does.
 */
import type { Argument, Command, Option } from 'commander';

/** What a value is: a word of a short list, something that a shell can look up, or free text. */
type PlainKind = 'file' | 'folder' | 'program' | 'gid' | 'text';
export type ValueKind = { readonly type: 'words'; readonly words: readonly string[] } | { readonly type: PlainKind };

export interface OptionEntry {
  /** "-o", "--out": the short one first. */
  readonly flags: readonly string[];
  /** "<path>"; undefined where it takes no value. */
  readonly placeholder: string | undefined;
  readonly takes: ValueKind;
  readonly summary: string;
}

interface OperandEntry {
  /** "[sources...]" */
  readonly placeholder: string;
  readonly isVariadic: boolean;
  readonly takes: ValueKind;
  readonly summary: string;
}

export interface CommandEntry {
  /** Words after "manyget": empty for the program itself. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly options: readonly OptionEntry[];
  readonly operands: readonly OperandEntry[];
  readonly commands: readonly CommandEntry[];
  /** What its help says after the options: examples. */
  readonly notes: string;
}

export function commandTable(program: Command): CommandEntry {
  return entryOf(program, []);
}

function entryOf(command: Command, path: readonly string[]): CommandEntry {
  const help = command.createHelp();
  return {
    path,
    summary: command.description(),
    options: help.visibleOptions(command).map(optionEntry),
    operands: command.registeredArguments.map(operandEntry),
    commands: help.visibleCommands(command).map((inner) => entryOf(inner, [...path, inner.name()])),
    notes: notesOf(command),
  };
}

/** What `addHelpText` has put behind the help proper. */
function notesOf(command: Command): string {
  let printed = '';
  const before = { ...command.configureOutput() };
  command.configureOutput({
    writeOut: (text) => {
      printed += text;
    },
  });
  command.outputHelp();
  command.configureOutput(before);
  return printed.slice(command.helpInformation().length).trim();
}

function optionEntry(option: Option): OptionEntry {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined);
  const placeholder = /[<[].*[>\]]$/.exec(option.flags)?.[0];
  return { flags, placeholder, takes: kindOf(placeholder, option.argChoices, valueKinds), summary: option.description };
}

function operandEntry(argument: Argument): OperandEntry {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  const placeholder = argument.required ? `<${name}>` : `[${name}]`;
  const takes = kindOf(placeholder, argument.argChoices, operandKinds);
  return { placeholder, isVariadic: argument.variadic, takes, summary: argument.description };
}

/** A placeholder says what it stands for. */
const valueKinds: Readonly<Record<string, PlainKind>> = {
  file: 'file',
  path: 'file',
  folder: 'folder',
  program: 'program',
  command: 'program',
};

/** Sources may be manifests on the disk. */
const operandKinds: Readonly<Record<string, PlainKind>> = {
  file: 'file',
  files: 'file',
  paths: 'file',
  source: 'file',
  sources: 'file',
  gid: 'gid',
};

function kindOf(
  placeholder: string | undefined,
  choices: readonly string[] | undefined,
  known: Readonly<Record<string, PlainKind>>,
): ValueKind {
  if (choices !== undefined) return { type: 'words', words: choices };
  return { type: known[placeholder?.replace(/[<>[\].]/g, '') ?? ''] ?? 'text' };
}
