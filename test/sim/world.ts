/**
 * What a simulated world is made of. Plain data: a world and a seed say everything about a run. Rates are goodputs in
 * bytes a second, times in milliseconds from the start of the download.
 */
export interface World {
  readonly name: string;
  /** Feeds the noise and the losses of the run. */
  readonly seed: number;
  readonly sizeBytes: number;
  readonly pieceBytes: number;
  readonly sources: readonly SourceSpec[];
  /** What the client's own link carries; undefined: more than all sources together. */
  readonly clientRate: number | undefined;
  /** What the scheduler is allowed to open to one source. */
  readonly connectionsPerSourceMax: number;
  /** Length of a step of the simulation. */
  readonly stepMs: number;
}

export interface SourceSpec {
  /** Goodput of its link, or of its own limit where `shaped`. */
  readonly rate: number;
  readonly rttMs: number;
  /** Depth of the queue before its link, in bytes. Nothing queues where the server itself limits its rate. */
  readonly queueBytes: number;
  /** The server keeps to `rate` by itself (a token bucket), shared by its connections. */
  readonly shaped: boolean;
  /** What the server gives to one connection at most; undefined: all it has. */
  readonly connectionRateMax: number | undefined;
  /** Share of packets lost at random. */
  readonly lossRate: number;
  /** Time between changes of its rate by up to `noiseSpread` of it; 0: a steady link. */
  readonly noiseMs: number;
  readonly noiseSpread: number;
  /** Time that the server thinks before the first byte of an answer on an idle connection. */
  readonly thinkMs: number;
  /** In order of time, at multiples of 50 ms. */
  readonly events: readonly SourceEvent[];
  /** It speaks HTTP. Default: mgp. */
  readonly http?: HttpSpec;
}

export interface HttpSpec {
  /** Without them each answer is the whole file, from its start on. */
  readonly ranges: boolean;
  /** It answers requests that are sent one behind the other; else the next one waits for the answer before. */
  readonly pipelines: boolean;
}

/** Depth of the queue before a link that nobody tuned: what it carries in 50 to 150 ms, and 32 KiB at least. */
export function usualQueueBytes(rate: number, rttMs: number): number {
  return Math.max(32 * 1024, (rate * Math.min(150, Math.max(50, rttMs))) / 1000);
}

/** A source of a steady rate, without losses or surprises. */
export function steadySource(rate: number, rttMs: number, queueBytes = usualQueueBytes(rate, rttMs)): SourceSpec {
  const quiet = { shaped: false, connectionRateMax: undefined, lossRate: 0, noiseMs: 0, noiseSpread: 0, thinkMs: 0 };
  return { rate, rttMs, queueBytes, ...quiet, events: [] };
}

export type SourceEvent =
  /** The link's rate is `value` from now on. */
  | { readonly atMs: number; readonly action: 'rate'; readonly value: number }
  /** The server sends nothing more; connections stay open and new ones are accepted, but not answered. */
  | { readonly atMs: number; readonly action: 'stall' }
  | { readonly atMs: number; readonly action: 'go-on' }
  /** Connections are reset, new ones refused. */
  | { readonly atMs: number; readonly action: 'die' }
  | { readonly atMs: number; readonly action: 'return' };

/** Steps of rates and of the bound. */
export const slotMs = 50;

/** `rateMbit` of link speed as goodput in bytes a second: 1448 of each 1500 bytes are the file's. */
export function goodputOf(rateMbit: number): number {
  return (rateMbit * 1e6 * 1448) / 1500 / 8;
}
