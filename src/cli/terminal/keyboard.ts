/** A terminal's keyboard in raw mode, for as long as it is open. Whatever ends the process, the mode is set back. */
import type { CliIo } from '../io.js';

/** Calls `onKeys` with what is typed; returns what gives the keyboard back. */
export function openKeyboard(io: CliIo, onKeys: (keys: string) => void): { close(): void } {
  const input = io.stdin;
  const onData = (chunk: Buffer | string): void => onKeys(chunk.toString());
  const rawOff = (): void => void input.setRawMode?.(false);
  const release = [
    io.onExit(rawOff),
    io.onSuspend({
      suspend: rawOff,
      resume: () => void input.setRawMode?.(true),
    }),
  ];
  input.setRawMode?.(true);
  input.on('data', onData);
  input.resume();
  return {
    close() {
      for (const off of release) off();
      input.off('data', onData);
      input.pause();
      rawOff();
    },
  };
}
