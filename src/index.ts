/**
 * manyget as a library: `download` fetches one file from many servers, `serve` runs them; `makeManifest`, `verifyFile`
 * and `planRepair` are about what a file should be.
 */
export { download } from './app/download.js';
export { listFiles } from './app/list.js';
export { makeManifest, type ManifestRequest } from './app/make-manifest.js';
export { planRepair, type Repair, type RepairOptions } from './app/repair.js';
export { serve } from './app/serve.js';
export { verifyFile, type BadPiece, type VerifyOptions, type VerifyReport } from './app/verify.js';
export type { ByteRange } from './base/byte-range.js';
export type { ConnectionGate } from './base/connection-gate.js';
export type { DownloadHandle, DownloadOptions } from './base/download-handle.js';
export type { DownloadReader, ReaderOptions } from './base/download-reader.js';
export { errorTable, ManygetError, type ErrorCode, type ErrorFacts, type ErrorScope } from './base/errors.js';
export type { DownloadEvent } from './base/events.js';
export type { HashAlgorithm } from './base/hash-algorithm.js';
export type { ExpectedContent, FileHashes, PieceHashes } from './base/manifest.js';
export type { FleetEvent, FleetHandle, ServeOptions } from './base/fleet-handle.js';
export type { HttpOptions } from './base/http-options.js';
export type { SourceRule } from './base/source-rule.js';
export type {
  DownloadPhase,
  DownloadReport,
  DownloadSnapshot,
  FleetSnapshot,
  MapCell,
  MapState,
  ServedFileSnapshot,
  ServedFolderSnapshot,
  ServerSnapshot,
  ServerState,
  SourceReport,
  SourceSnapshot,
  SourceState,
} from './base/snapshot.js';
