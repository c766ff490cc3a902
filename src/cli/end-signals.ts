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
