import type { FleetEvent, FleetHandle } from '../../base/fleet-handle.js';

/** One way to show a fleet of servers. A view writes; it never decides. */
export interface ServeView {
  readonly intervalMs: number;
  /** True where the view itself reads what the operator types. */
  readonly readsKeyboard?: boolean;
  /** `welcome` tells how to fetch what is served. */
  start(fleet: FleetHandle, welcome: readonly string[]): void;
  update(): void;
  event(event: FleetEvent): void;
  /** Something for the operator: an answer to a command. */
  message(lines: readonly string[]): void;
  /** The operator asked for the state. */
  status(): void;
  /** All servers are being closed. */
  ending(): void;
  close(): void;
}
