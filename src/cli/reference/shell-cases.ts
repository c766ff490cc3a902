/** What the completions of bash and of zsh say alike: look-ups by `case`, which leave what they find in REPLY. */
import { kindWord, type Place } from './completion-places.js';

type Quote = (text: string) => string;

/** A function of the shell that looks up `subject` in `cases`. */
export function lookUp(name: string, subject: string, cases: readonly string[], otherwise: string): string {
  return [`${name}() {`, `  case ${subject} in`, ...cases, `    (*) ${otherwise} ;;`, '  esac', '}', ''].join('\n');
}

/** For "PLACE FLAG" what the flag takes. */
export function valueCases(places: readonly Place[], quote: Quote): string[] {
  return places.flatMap(({ path, flags }) =>
    flags
      .filter(({ takes }) => takes !== undefined)
      .map(({ flag, takes }) => `    (${quote(`${path} ${flag}`)}) REPLY=${quote(kindWord(takes))} ;;`),
  );
}

/** For a place what comes next there; $2 counts what was given before. */
export function operandCases(places: readonly Place[], quote: Quote): string[] {
  return places.map(
    ({ path, operand, isVariadic }) =>
      `    (${quote(path)}) REPLY=${quote(kindWord(operand))}${isVariadic ? '' : '; (($2 > 0)) && REPLY=text'} ;;`,
  );
}
