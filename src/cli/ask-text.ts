/** Questions on a terminal. Answers are judged by the same functions as the flags, in place. */
import { isCancel, select, text } from '@clack/prompts';

import { refusal } from './options/usage-error.js';

/** The user left a question with Ctrl-C or Escape. */
export class QuestionLeft extends Error {
  override readonly name = 'QuestionLeft';
}

/** Asks for one line until `parse` takes it; an empty answer is `initial`. */
export async function askText<T>(message: string, initial: string, parse: (text: string) => T): Promise<T> {
  const given = (answer: string | undefined): string => (answer === undefined || answer === '' ? initial : answer);
  const answer = await text({
    message,
    placeholder: initial,
    defaultValue: initial,
    validate: (value) => refusal(parse, given(value)),
  });
  if (isCancel(answer)) throw new QuestionLeft();
  return parse(given(answer));
}

interface Choice<T> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
}

/** Asks for one of `choices`. */
export async function askChoice<T extends string | boolean>(
  message: string,
  choices: readonly Choice<T>[],
): Promise<T> {
  const options = choices.map(({ value, label, hint }) => ({ value, label, ...(hint === undefined ? {} : { hint }) }));
  const answer = await select<T>({
    message,
    options: options as Parameters<typeof select<T>>[0]['options'],
    maxItems: 10,
  });
  if (isCancel(answer)) throw new QuestionLeft();
  return answer;
}
