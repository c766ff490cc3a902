import type { ConnectionId, SourceId } from '../../src/base/ids.js';
import type { SchedulerCommand, SchedulerEvent, SegmentId } from '../../src/core/scheduler-messages.js';
import type { SimConnection } from './sim-connection.js';

/** What the engine keeps of one connection. */
export interface ClientConnection {
  readonly id: ConnectionId;
  readonly source: SourceId;
  /** The one behind it at present: HTTP takes one after the other. */
  tcp: SimConnection;
  readonly protocol: ClientProtocol;
  /** Segments asked for, as the engine knows them. */
  readonly segments: Map<SegmentId, ClientSegment>;
  current: ClientSegment | undefined;
  /** Bytes of the stream taken so far. */
  taken: number;
  lastByteMs: number;
  /** Without ranges: how far the file has gone by unheard. */
  passed: number | undefined;
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

/** A command to one connection; `request` has been entered among its segments. */
export type ConnectionCommand = Exclude<SchedulerCommand, { type: 'open' | 'close' }>;

/** The client's end of a connection in one protocol. */
export interface ClientProtocol {
  /** The engine passes on what the scheduler wants. */
  command(connection: ClientConnection, command: ConnectionCommand): void;
  /** Takes what the connection's stream has for the client. */
  read(connection: ClientConnection): void;
}

/** What a protocol needs of the world that it is in. */
export interface ClientWorld {
  readonly nowMs: number;
  readonly sizeBytes: number;
  handle(event: SchedulerEvent): void;
  /** `act` happens at the server, once it hears of it on the connection as it is now. */
  atServer(connection: ClientConnection, act: (tcp: SimConnection) => void): void;
  /** The segment has come up to `position`. */
  took(connection: ClientConnection, segment: ClientSegment, position: number): void;
  /** Nothing more comes of the segment. */
  ended(connection: ClientConnection, segment: ClientSegment): void;
  /** Bytes came that nobody wants. */
  discarded(bytes: number): void;
  /** Ends the TCP connection and opens another one; `opened` is called when that is there. */
  reconnect(connection: ClientConnection, opened: () => void): void;
}
