/**
 * A terminal's keyboard in raw mode, for as long as it is open. Whatever ends the process, the mode is set back. In the
 * background (Ctrl-Z, then "bg") it is left alone: the system stops who reads there or sets a mode.
 */
import type { CliIo } from '../io.js';

/** A shell's "fg" tells a job that runs already nothing: so often it looks whether the terminal is its own again. */
const lookAgainMs = 250;

/** Calls `onKeys` with what is typed; returns what gives the keyboard back. */
export function openKeyboard(io: CliIo, onKeys: (keys: string) => void): { close(): void } {
  const input = io.stdin;
  const onData = (chunk: Buffer | string): void => onKeys(chunk.toString());
  let looking: NodeJS.Timeout | undefined;
  const rawOff = (): void => void input.setRawMode?.(false);
  const take = (): void => {
    clearTimeout(looking);
    if (io.foreground) {
      // After SIGSTOP the shell has set its own mode, and Node would take ours for set.
      rawOff();
      input.setRawMode?.(true);
      input.resume();
    } else {
      looking = setTimeout(take, lookAgainMs).unref();
    }
  };
  /** A terminal that is gone says so by a signal as well (SIGHUP): whoever wants to end ends by that. */
  const onError = (): void => undefined;
  const letGo = (): void => {
    clearTimeout(looking);
    input.pause();
    rawOff();
  };
  const release = [io.onExit(rawOff), io.onSuspend({ suspend: letGo, resume: take })];
  input.on('data', onData).on('error', onError);
  take();
  return {
    close() {
      for (const off of release) off();
      input.off('data', onData).off('error', onError);
      letGo();
    },
  };
}
