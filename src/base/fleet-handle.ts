import type { FleetSnapshot } from './snapshot.js';

/** What a fleet of servers is asked to do. */
export interface ServeOptions {
  /** Files and folders to offer. A file is offered under its base name, a folder's files under `folder/inner/name`. */
  readonly paths: readonly string[];
  /** Ports, one a server, in order; 0 takes a free one. */
  readonly ports: readonly number[];
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** Bytes a second that a server sends at most: one entry for all of them, or one a server; 0: no limit. Default: no limit. */
  readonly rateLimits?: readonly number[];
  /** A secret of 8 characters or more: only clients that know it are let in. Default: everybody is. */
  readonly token?: string;
  /** Files of a certificate chain and its key, in PEM: the port then speaks TLS alone (`mgps://`, `https://`). */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Stops the fleet, whenever it aborts. */
  readonly signal?: AbortSignal;
}

/** What happened to a fleet, for its operator. */
export type FleetEvent =
  | { readonly type: 'server'; readonly number: number; readonly reason: string }
  | { readonly type: 'file'; readonly name: string; readonly reason: string };

/** A running fleet. Servers are numbered from 1. */
export interface FleetHandle {
  snapshot(): FleetSnapshot;
  /** Close one server: its clients are told, its port is free afterwards. Resolves once closed. */
  close(serverNumber: number): Promise<void>;
  /** Open a closed or killed server again, on the port that it had. */
  open(serverNumber: number): Promise<void>;
  /** End one server as a crash would: connections reset, nobody told. */
  kill(serverNumber: number): Promise<void>;
  /** Close all, telling clients. Resolves when everything is released. */
  stop(): Promise<void>;
  /** Resolves when the fleet has stopped. */
  readonly done: Promise<void>;
  events(): AsyncIterableIterator<FleetEvent>;
}
