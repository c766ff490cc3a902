/** What an operator may type at a fleet of servers. */
import { printable } from '../../base/printable.js';

type OperatorCommand =
  | { readonly type: 'close' | 'open' | 'kill'; readonly server: number }
  | { readonly type: 'status' | 'help' | 'quit' | 'nothing' }
  | { readonly type: 'wrong'; readonly sentence: string };

/** One line of help, for the prompt of a terminal. */
export const operatorHelpShort = 'e2 closes server 2, o2 opens it, k2 kills it, status, quit';

export const operatorHelp: readonly string[] = [
  'e2, close 2   close server 2: its clients are told and move on at once',
  'o2, open 2    open it again, on the same port',
  'k2, kill 2    end it as a crash would: connections reset, nobody told',
  'status        print the state of all servers',
  'quit, q       close all and leave',
];

const serverVerbs: Readonly<Record<string, 'close' | 'open' | 'kill'>> = {
  e: 'close',
  end: 'close',
  close: 'close',
  o: 'open',
  open: 'open',
  k: 'kill',
  kill: 'kill',
};

const plainVerbs: Readonly<Record<string, 'status' | 'help' | 'quit'>> = {
  s: 'status',
  status: 'status',
  h: 'help',
  '?': 'help',
  help: 'help',
  q: 'quit',
  quit: 'quit',
  exit: 'quit',
};

/** The command in `line`; servers are numbered from 1 to `serverCount`. */
export function parseOperatorCommand(line: string, serverCount: number): OperatorCommand {
  const text = line.trim().toLowerCase();
  if (text === '') return { type: 'nothing' };
  const plain = Object.hasOwn(plainVerbs, text) ? plainVerbs[text] : undefined;
  if (plain !== undefined) return { type: plain };
  const match = /^([a-z]+)\s*(\S*)$/.exec(text.replace(/^([a-z]+)(\d+)$/, '$1 $2'));
  const word = match?.[1] ?? '';
  const verb = Object.hasOwn(serverVerbs, word) ? serverVerbs[word] : undefined;
  if (verb === undefined)
    return wrong(`"${printable(line.trim(), 40)}" is no command: try e2, o2, k2, status, help or quit`);
  const server = /^\d{1,6}$/.test(match?.[2] ?? '') ? Number(match?.[2]) : NaN;
  if (server >= 1 && server <= serverCount) return { type: verb, server };
  const range = serverCount === 1 ? 'the one server is 1' : `servers are 1 to ${serverCount}`;
  return wrong(`"${printable(line.trim(), 40)}" names no server: ${range}`);
}

function wrong(sentence: string): OperatorCommand {
  return { type: 'wrong', sentence };
}
