import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import type { SegmentId } from '../../src/core/scheduler-messages.js';
import type { SimConnection } from './sim-connection.js';

/** What the engine keeps of one connection. */
export interface ClientConnection {
  readonly id: ConnectionId;
  readonly source: SourceId;
  readonly tcp: SimConnection;
  /** Segments asked for, as the engine knows them. */
  readonly segments: Map<SegmentId, ClientSegment>;
  current: ClientSegment | undefined;
  /** Bytes of the stream taken so far. */
  taken: number;
  lastByteMs: number;
  closed: boolean;
}

export interface ClientSegment {
  readonly id: SegmentId;
  readonly connection: ConnectionId;
  readonly start: number;
  position: number;
  reported: number;
  end: number;
  readonly askedAtMs: number;
  firstByteMs: number | undefined;
  endedAtMs: number | undefined;
  readonly reason: string;
}
