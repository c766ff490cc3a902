import type { ByteRange } from '../base/byte-range.js';
import type { ConnectionId, SourceId } from '../base/ids.js';

/** Number of a segment: a range asked for on one connection. Never used again. */
export type SegmentId = number;

/** What a connection can do. */
export interface LaneTraits {
  /** A range that is under way can be ended early for nothing. Where not, ranges are asked for in small parts. */
  readonly canTrim: boolean;
  /** Any range can be asked for. Where not, bytes come from the file's start on, in order. */
  readonly ranges: boolean;
}

/** What the scheduler is told. Times are in the `now` given beside it. */
export type SchedulerEvent =
  /** A source is expected: what it will deliver is kept in mind when work is dealt out. */
  | { readonly type: 'source-expected'; readonly source: SourceId }
  /** A connection to it was made, in `rttMs`; it has yet to say what it holds. May be left out. */
  | { readonly type: 'source-connected'; readonly source: SourceId; readonly rttMs: number }
  /** It cannot be used for now. Its connections are closed, each by an event of its own. */
  | { readonly type: 'source-gone'; readonly source: SourceId }
  | {
      readonly type: 'connection-ready';
      readonly connection: ConnectionId;
      readonly source: SourceId;
      /** Time from the first SYN to the connection being there. */
      readonly rttMs: number;
      /** What it can do. Default: everything. */
      readonly traits?: LaneTraits | undefined;
    }
  | { readonly type: 'connection-closed'; readonly connection: ConnectionId }
  /** An attempt to connect came to nothing, be it the first one or one that an `open` asked for. */
  | { readonly type: 'open-failed'; readonly source: SourceId }
  /** Bytes of a segment arrived, in order; `position` is the offset after the last one. */
  | {
      readonly type: 'bytes';
      readonly connection: ConnectionId;
      readonly segment: SegmentId;
      readonly position: number;
    }
  /** The file has gone by up to `position`, and what came was not asked for: without ranges it comes from its start on. */
  | { readonly type: 'skipped'; readonly connection: ConnectionId; readonly position: number }
  /** The server sends no more of this segment; `end` is where it stopped. */
  | {
      readonly type: 'segment-ended';
      readonly connection: ConnectionId;
      readonly segment: SegmentId;
      readonly end: number;
    }
  /** A silent connection showed life (an answer to a ping). */
  | { readonly type: 'alive'; readonly connection: ConnectionId }
  /**
   * Bytes that were received are to be fetched again, if possible not from `avoid`, and with `alone` all from one source,
   * whoever else could help: so that it is known whose they are.
   */
  | {
      readonly type: 'refetch';
      readonly range: ByteRange;
      readonly avoid: SourceId | undefined;
      readonly alone?: boolean;
    }
  /**
   * Somebody reads the file in order and wants the bytes from `at` on next; with `aheadBytes`, nothing beyond
   * `at + aheadBytes` is asked for. A seek is a move like others. `at` undefined: nobody reads any more.
   */
  | { readonly type: 'cursor'; readonly at: number | undefined; readonly aheadBytes: number | undefined }
  /** A source of a higher tier is used only while none of a lower one is connected and delivers. Every source begins in 0. */
  | { readonly type: 'source-preference'; readonly source: SourceId; readonly tier: number }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** Time passes; at least every 100 ms while anything is going on. */
  | {
      readonly type: 'tick';
      /** How much of its time the client itself was at work, 0 to 1: near 1 more connections bring nothing. Default 0. */
      readonly busy?: number;
    };

/** What the scheduler wants done, each with its reason in words. */
export type SchedulerCommand =
  /** Ask for a range on a connection, behind what is asked for there already. */
  | {
      readonly type: 'request';
      readonly connection: ConnectionId;
      readonly source: SourceId;
      readonly segment: SegmentId;
      readonly start: number;
      readonly end: number;
      /** Whom it was taken from; undefined for what nobody held. */
      readonly victim: SourceId | undefined;
      /** Some of it is on its way from the victim, and comes twice on purpose. */
      readonly isHedge: boolean;
      readonly reason: string;
    }
  /** The segment is to end at `end` instead: the rest is somebody else's now. */
  | {
      readonly type: 'trim';
      readonly connection: ConnectionId;
      readonly segment: SegmentId;
      readonly end: number;
      readonly reason: string;
    }
  /** Find out whether a silent connection lives. */
  | { readonly type: 'probe'; readonly connection: ConnectionId; readonly reason: string }
  /** One more connection to a source would help. */
  | { readonly type: 'open'; readonly source: SourceId; readonly reason: string }
  /** This connection brings nothing. */
  | { readonly type: 'close'; readonly connection: ConnectionId; readonly reason: string };
