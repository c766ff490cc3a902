import type { DownloadHandle } from '../../base/download-handle.js';
import type { ManygetError } from '../../base/errors.js';
import type { DownloadEvent } from '../../base/events.js';
import type { DownloadReport } from '../../base/snapshot.js';

/** One way to show a download. A view writes; it never decides. */
export interface GetView {
  /** Time between two updates. */
  readonly intervalMs: number;
  start(handle: DownloadHandle): void;
  update(): void;
  event(event: DownloadEvent): void;
  /** The user asked to end; where the file is kept (`isKept`) its state is being saved. */
  ending(isKept: boolean): void;
  /** The download is there. */
  report(report: DownloadReport): void;
  /** The download has failed; the error itself is printed by the command. */
  failed(error: ManygetError, hint: string | undefined): void;
  /** Gives the terminal back; the last call, made once in any case. */
  close(): void;
}
