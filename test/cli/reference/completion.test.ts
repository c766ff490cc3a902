import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { commandTable } from '../../../src/cli/reference/command-table.js';
import { shells } from '../../../src/cli/reference/completion-places.js';
import { completionScript } from '../../../src/cli/reference/print-reference.js';
import { makeProgram } from '../../../src/cli/program.js';
import { runPeer, testWithPeer } from '../../support/peer.js';
import { hasPseudoTerminal, PseudoTerminal } from '../../support/pseudo-terminal.js';
import { TempFolder } from '../../support/test-fleet.js';

let temp: TempFolder;

beforeAll(async () => {
  temp = await TempFolder.create();
  for (const shell of shells) await writeFile(temp.join(`the.${shell}`), completionScript(shell));
  await writeFile(temp.join('a film.meta4'), '');
  await mkdir(temp.join('a folder'));
});

afterAll(async () => {
  await temp[Symbol.asyncDispose]();
});

test('the table knows every flag of every command that the parser knows', () => {
  const program = makeProgram(() => undefined);
  const table = commandTable(program);
  for (const command of program.commands) {
    const entry = table.commands.find(({ path }) => path[0] === command.name());
    const flags = entry?.options.flatMap((option) => option.flags);
    for (const { long } of command.options) expect(flags, command.name()).toContain(long);
  }
});

/** What stands on the command line, its last word unfinished, and all that fits there, or some of it. */
const cases: readonly { readonly line: readonly string[]; readonly all?: string[]; readonly some?: string[] }[] = [
  { line: ['manyget', 'serv'], all: ['serve', 'servers'] },
  { line: ['manyget', ''], some: ['get', 'serve', 'daemon', 'completion', 'a film.meta4'] },
  { line: ['manyget', '--limit-rate-f'], all: ['--limit-rate-for'] },
  { line: ['manyget', 'serve', '--tls-'], all: ['--tls-cert', '--tls-key'] },
  { line: ['manyget', 'get', '--color', ''], all: ['auto', 'always', 'never'] },
  { line: ['manyget', 'help', 'rep'], all: ['repair'] },
  { line: ['manyget', 'completion', ''], all: ['bash', 'zsh', 'fish'] },
  { line: ['manyget', 'completion', 'bash', ''], all: [] },
  { line: ['manyget', 'verify', 'a'], some: ['a film.meta4'] },
  { line: ['manyget', 'get', '-d', 'a'], some: ['a folder'] },
  { line: ['manyget', 'get', '-o', 'x', '--sha'], all: ['--sha256'] },
  // What follows a file is no command any more, and behind -- nothing is a flag.
  { line: ['manyget', 'x.meta4', 'serv'], all: [] },
  { line: ['manyget', 'get', '--', '--sha'], all: [] },
];

function check(found: readonly string[], { all, some }: (typeof cases)[number], line: readonly string[]): void {
  const sorted = [...found].sort();
  if (all !== undefined) expect(sorted, line.join(' ')).toEqual([...all].sort());
  for (const word of some ?? []) expect(sorted, line.join(' ')).toContain(word);
}

describe('completion', () => {
  testWithPeer('bash', 'completes commands, flags, their values, files and folders', async () => {
    const script = temp.join('the.bash');
    const driver = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _manyget; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const withParts = [...cases, { line: ['manyget', '--color', '=', 'al'], all: ['always'] }];
    for (const wanted of withParts) {
      const { stdout, stderr } = await runPeer('bash', ['-c', driver, script, ...wanted.line], temp.path);
      expect(stderr).toBe('');
      check(linesOf(stdout), wanted, wanted.line);
    }
  });

  testWithPeer('fish', 'completes commands, flags, their values, files and folders', async () => {
    const driver = (line: string): string => `source the.fish; complete -C '${line}'`;
    const asked = [...cases, { line: ['manyget', '--color=al'], all: ['--color=always'] }];
    for (const wanted of asked) {
      const { stdout } = await runPeer('fish', ['-c', driver(wanted.line.join(' '))], temp.path);
      const found = linesOf(stdout).map((line) => (line.split('\t')[0] ?? '').replace(/\/$/, ''));
      check(found, wanted, wanted.line);
    }
  });

  const typed: readonly (readonly [keys: string, args: string])[] = [
    ['manyget compl\tfi\t', '<completion><fish>'],
    ['manyget serve --tls-c\tcert.pem', '<serve><--tls-cert><cert.pem>'],
    ['manyget --color nev\t', '<--color><never>'],
    ['manyget --color=nev\t', '<--color=never>'],
    ['manyget verify a\\ fi\t', '<verify><a film.meta4>'],
  ];

  async function typeInto(command: readonly string[], setUp: string): Promise<void> {
    const env = { HOME: temp.path, TERM: 'xterm', LC_ALL: 'C.UTF-8' };
    await using terminal = await PseudoTerminal.run(command, { columns: 120, rows: 40, env, folder: temp.path });
    // What is typed instead of the command shows its arguments as they arrive.
    terminal.type(`manyget() { printf '<%s>' "$@"; printf ' :%s\\n' end; }; ${setUp}; echo set''up\r`);
    await terminal.waitFor(/setup/);
    for (const [keys, args] of typed) {
      const from = terminal.output.length;
      terminal.type(`${keys}\r`);
      const [shown] = await terminal.waitFor(/(?<=\n)[^\n]* :end/, from);
      expect(shown.replace(/ :end$/, '').replace(/^.*\r/, '')).toBe(args);
    }
    terminal.type('exit\r');
  }

  if (hasPseudoTerminal) {
    testWithPeer('bash', 'completes what is typed on a terminal', () =>
      typeInto(['bash', '--norc', '--noprofile', '-i'], 'source ./the.bash'),
    );
    testWithPeer('zsh', 'completes what is typed on a terminal', () =>
      typeInto(['zsh', '-f', '-i'], 'autoload -U compinit; compinit -u -D; source ./the.zsh'),
    );
  }
});

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
