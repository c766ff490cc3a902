import { ManygetError } from '../base/errors.js';
import type { CliIo, EndSignal } from './io.js';

/** What a shell expects of a process that the user ended. */
export const interruptedStatus = 130;

/** Who ended it, for sentences: "stopped by you". */
type Ender = 'you' | Exclude<EndSignal, 'SIGINT'>;

/** The user's wish to end: a signal, or Ctrl-C on a keyboard in raw mode. */
export interface EndRequest {
  /** What the first wish does; may be set anew. Is told whose it is. */
  end: (by: Ender) => void;
  /** The wish: `end` the first time, out at once the second time. */
  ask(): void;
  stopListening(): void;
}

/** Listens for requests to end (Ctrl-C, SIGTERM, a closed terminal). */
export function endRequest(io: CliIo, end: (by: Ender) => void): EndRequest {
  let asked = false;
  const take = (signal: EndSignal): void => {
    if (asked) io.exitNow(interruptedStatus);
    else request.end(signal === 'SIGINT' ? 'you' : signal);
    asked = true;
  };
  const request: EndRequest = { end, ask: () => take('SIGINT'), stopListening: io.onEndSignal(take) };
  return request;
}

/** What `work` gives; where the user ends it, its signal is aborted, and it is that which is thrown, whatever it says itself. */
export async function endable<T>(io: CliIo, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let ender: Ender | undefined;
  const ending = endRequest(io, (by) => {
    ender = by;
    abort.abort();
  });
  try {
    return await work(abort.signal);
  } catch (cause) {
    throw ender === undefined ? cause : new ManygetError('aborted', `stopped by ${ender}`, { cause });
  } finally {
    ending.stopListening();
  }
}
