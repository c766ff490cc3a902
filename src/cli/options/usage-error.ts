import { ManygetError } from '../../base/errors.js';

/** What the caller asked for cannot be done: `sentence` says what fits instead. */
export function usageError(sentence: string): ManygetError {
  return new ManygetError('usage', sentence);
}

/** The sentence with which `parse` refuses `text`, or undefined where it takes it: a prompt's validator. */
export function refusal(parse: (text: string) => unknown, text: string): string | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    if (error instanceof ManygetError) return error.message;
    throw error;
  }
}
