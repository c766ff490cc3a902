import type { CliIo } from './io.js';

/** What a shell expects of a process that the user ended. */
export const interruptedStatus = 130;

/** The user's wish to end: a signal, or Ctrl-C on a keyboard in raw mode. */
export interface EndRequest {
  /** What the first wish does; may be set anew. */
  end: () => void;
  /** The wish: `end` the first time, out at once the second time. */
  ask(): void;
  stopListening(): void;
}

/** Listens for requests to end (Ctrl-C, SIGTERM, a closed terminal). */
export function endRequest(io: CliIo, end: () => void): EndRequest {
  let asked = false;
  const request: EndRequest = {
    end,
    ask() {
      if (asked) io.exitNow(interruptedStatus);
      else request.end();
      asked = true;
    },
    stopListening: io.onEndSignal(() => request.ask()),
  };
  return request;
}
