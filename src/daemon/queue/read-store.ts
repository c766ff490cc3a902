import { asManygetError } from '../../base/errors.js';

/** What `read` reads of the store at `path`. @throws ManygetError `io-failed`, with the name of a store that is damaged. */
export function readStore<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asManygetError(error, 'io-failed', `cannot read the store "${path}"`);
  }
}
