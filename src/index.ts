/** manyget as a library: `download` fetches one file from many servers, `serve` runs them. */
export { download } from './app/download.js';
export { listFiles } from './app/list.js';
export { serve } from './app/serve.js';
export type { DownloadHandle, DownloadOptions } from './base/download-handle.js';
export { errorTable, ManygetError, type ErrorCode, type ErrorScope } from './base/errors.js';
export type { DownloadEvent } from './base/events.js';
export type { FleetEvent, FleetHandle, ServeOptions } from './base/fleet-handle.js';
export type {
  DownloadPhase,
  DownloadReport,
  DownloadSnapshot,
  FleetSnapshot,
  MapCell,
  MapState,
  ServedFileSnapshot,
  ServerSnapshot,
  ServerState,
  SourceReport,
  SourceSnapshot,
  SourceState,
} from './base/snapshot.js';
