import { ManygetError } from '../../src/base/errors.js';

/** The ManygetError that `run` throws; whatever else it throws is thrown on. */
export function errorOf(run: () => unknown): ManygetError {
  try {
    run();
  } catch (error) {
    if (error instanceof ManygetError) return error;
    throw error;
  }
  throw new Error('expected a ManygetError, nothing was thrown');
}
