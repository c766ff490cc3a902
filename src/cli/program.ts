/** The commands of manyget and their flags. Parses; what a command does is loaded only when it runs. */
import { Argument, Command, CommanderError } from 'commander';

import { ManygetError } from '../base/errors.js';
import { printable } from '../base/printable.js';
import { defaultCommand, nearCommand, otherCommands } from './command-names.js';
import { addDaemonCommands, type DaemonCommand } from './daemon/daemon-request.js';
import { addGetFlags, type GetFlags, getRequest, type GetRequest } from './get/get-request.js';
import {
  addManifestFlags,
  manifestCommand,
  type ManifestCommand,
  type ManifestFlags,
} from './manifest/manifest-request.js';
import { usageError } from './options/usage-error.js';
import { type Shell, shells } from './reference/completion-places.js';
import { addRepairFlags, repairCommand, type RepairCommand, type RepairFlags } from './repair/repair-request.js';
import { addServeFlags, type ServeFlags, serveRequest, type ServeRequest } from './serve/serve-request.js';
import { addVerifyFlags, verifyCommand, type VerifyCommand, type VerifyFlags } from './verify/verify-request.js';

/** What a command line asks for. */
export type Invocation =
  | { readonly type: 'get'; readonly request: GetRequest }
  | { readonly type: 'serve'; readonly request: ServeRequest }
  | { readonly type: 'manifest'; readonly command: ManifestCommand }
  | { readonly type: 'verify'; readonly command: VerifyCommand }
  | { readonly type: 'repair'; readonly command: RepairCommand }
  | { readonly type: 'daemon'; readonly command: DaemonCommand }
  | { readonly type: 'completion'; readonly shell: Shell }
  | { readonly type: 'version' }
  /** Help was asked for: this is its text. */
  | { readonly type: 'help'; readonly text: string };

/** What `args` (without node and script) ask for; a ManygetError with code `usage` where they make no sense. */
export function parseArguments(args: readonly string[]): Invocation {
  let invocation: Invocation | undefined;
  let help = '';
  const program = (isPlainGet(args) ? makeGetProgram : makeProgram)((found) => (invocation = found)).exitOverride();
  const collectHelp = (command: Command): void => {
    command.exitOverride().configureOutput({
      writeOut: (text) => {
        help += text;
      },
      writeErr: () => {},
    });
    command.commands.forEach(collectHelp);
  };
  collectHelp(program);
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw asMeant(args[0], error);
    if (error.exitCode !== 0) throw usageError(sentenceOf(error, wordsOf(program, args), args));
  }
  return invocation ?? { type: 'help', text: help };
}

/** The flags of `get` are all that is needed: setting up those of all commands takes longer than opening a connection. */
function isPlainGet(args: readonly string[]): boolean {
  return !otherCommands.has(args[0] ?? '') && !args.some((arg) => arg === '--help' || arg === '-h');
}

/** All commands and flags; `found` is called with what a command line asks for. */
export function makeProgram(found: (invocation: Invocation) => void): Command {
  const program = makeGetProgram(found);
  addServeFlags(
    program.command('serve').description('run servers that offer files').addHelpText('after', serveExamples),
  ).action((paths: string[], flags: ServeFlags) => found({ type: 'serve', request: serveRequest(paths, flags) }));
  program.commandsGroup('Check, sign and mend files:');
  addManifestFlags(
    program.command('manifest').description('describe files in a Metalink: sizes, hashes, sources'),
  ).action((files: string[], flags: ManifestFlags) =>
    found({ type: 'manifest', command: manifestCommand(files, flags) }),
  );
  addVerifyFlags(program.command('verify').description('check a file against a Metalink or a checksum')).action(
    (file: string, flags: VerifyFlags) => found({ type: 'verify', command: verifyCommand(file, flags) }),
  );
  addRepairFlags(program.command('repair').description('fetch what is wrong with a file, and only that')).action(
    (file: string, flags: RepairFlags) => found({ type: 'repair', command: repairCommand(file, flags) }),
  );
  program.commandsGroup('A daemon with a queue and a page:');
  addDaemonCommands(program, (command) => found({ type: 'daemon', command }));
  program.commandsGroup('Besides:').helpCommand('help [command]', 'show the help of a command');
  program
    .command('completion')
    .description('print what a shell needs to complete commands, options and their values')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText('after', completionExamples)
    .action((shell: Shell) => found({ type: 'completion', shell }));
  return program;
}

/** As `makeProgram`, knowing of `get` alone. */
function makeGetProgram(found: (invocation: Invocation) => void): Command {
  const program = new Command('manyget')
    .description('Fetch one file in pieces from many servers at once; and run those servers.')
    .usage('[command] [options] [arguments]')
    .configureHelp({ minWidthToWrap: 20 })
    .commandsGroup('Download and serve:')
    .helpOption('-h, --help', 'show this help')
    .option('-V, --version', 'print the version')
    .addHelpText('after', programNotes);
  program.on('option:version', () => {
    found({ type: 'version' });
    throw new CommanderError(0, 'commander.version', '');
  });
  addGetFlags(
    program
      .command(defaultCommand, { isDefault: true })
      .description('fetch one file from all servers that have it (the default command)')
      .addHelpText('after', getExamples),
  ).action((sources: string[], flags: GetFlags) => found({ type: 'get', request: getRequest(sources, flags) }));
  return program;
}

/** Who mistyped a command asked for a file of that name instead: says so, where that makes no sense. */
function asMeant(word: string | undefined, error: unknown): unknown {
  const meant = word === undefined ? undefined : nearCommand(word);
  return meant === undefined || !(error instanceof ManygetError)
    ? error
    : usageError(`"${printable(word ?? '', 40)}" is not a command: did you mean manyget ${meant}?`);
}

/** What the parser refuses, as one sentence: "error: unknown option '--foo'\n(Did you mean --bar?)" has two lines. */
function sentenceOf(
  error: CommanderError,
  [command, words]: readonly [Command, string],
  args: readonly string[],
): string {
  const message = error.message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim();
  const more = `see: manyget ${words}${words === '' ? '' : ' '}--help`;
  const inner = command.commands.map((each) => each.name()).join(', ');
  switch (error.code) {
    case 'commander.help':
      return words === ''
        ? `"${printable(args[1] ?? '', 40)}" is not a command; these are: ${inner}; ${more}`
        : `${words} takes one of these commands: ${inner}; ${more}`;
    case 'commander.unknownCommand':
      return `${message}, ${words} has these: ${inner}`;
    case 'commander.missingArgument':
      return `${words} lacks its argument <${/'(.*)'/.exec(message)?.[1] ?? ''}>; ${more}`;
    case 'commander.invalidArgument':
      return message.replace(
        /^command-argument value '(.*)' is invalid for argument '.*'\. Allowed choices are (.*)\.$/,
        (_, given: string, choices: string) => `${words} takes one of ${choices}, not "${printable(given, 40)}"`,
      );
    default:
      return message;
  }
}

/** The command that `args` come to, and the words that name it. */
function wordsOf(program: Command, args: readonly string[]): readonly [Command, string] {
  const words: string[] = [];
  let at = program;
  for (const arg of args) {
    const next = at.commands.find((command) => command.name() === arg);
    if (next === undefined) break;
    words.push(arg);
    at = next;
  }
  return [at, words.join(' ')];
}

const programNotes = `
Try:
  manyget serve video.mp4                             four servers of it, ports 9001-9004
  manyget get -a 127.0.0.1 -p 9001-9004 video.mp4     fetch it from all of them
  manyget https://a.example/f.iso https://b.example/f.iso
  manyget get --help                                  every option of a command`;

const getExamples = `
Examples:
  manyget get mgp://10.0.0.1:9001/video.mp4 mgp://10.0.0.2:9001/video.mp4
  manyget get https://a.example/f.iso http://b.example/f.iso mgp://c.example:9001/f.iso
  manyget get -a 127.0.0.1 -p 9001-9004 video.mp4 -o copy.mp4 -i 2
  manyget get ubuntu.meta4       what a Metalink names, verified piece by piece
  manyget get --input-file list  a line per file, mirrors separated by TAB
  manyget get                    asks for what it needs

An interrupted download goes on with the same command. Exit statuses: docs/errors.md.`;

const serveExamples = `
Examples:
  manyget serve video.mp4                          four servers, ports 9001-9004
  manyget serve videos/ -n 3 -p 7001 --limit-rate 2M,5M,10M

While it runs, type e2 to close server 2, o2 to open it again, k2 to kill it, status, quit.`;

const completionExamples = `
Examples:
  source <(manyget completion bash)                             in ~/.bashrc
  manyget completion zsh > ~/.zfunc/_manyget                    in a folder of fpath, before compinit
  manyget completion fish > ~/.config/fish/completions/manyget.fish`;
