/** What `repair` is asked for. */
import type { Command } from 'commander';

import type { SignatureDemand } from '../../app/signed-document.js';
import type { HttpOptions } from '../../base/http-options.js';
import { addHttpFlags, type HttpFlags, httpOptions } from '../options/http-options.js';
import { addReportFlags, type ReportFlags, type ReportOptions, reportOptions } from '../options/report-options.js';
import { addSignatureFlags, signatureDemand, type SignatureFlags } from '../options/signature-options.js';
import { usageError } from '../options/usage-error.js';

export interface RepairCommand {
  readonly file: string;
  readonly manifest: string;
  readonly report: ReportOptions;
  /** How HTTP servers are asked, for the manifest and for the file. */
  readonly http: HttpOptions | undefined;
  readonly demand?: SignatureDemand | undefined;
}

export interface RepairFlags extends ReportFlags, HttpFlags, SignatureFlags {
  readonly manifest?: string;
}

export function addRepairFlags(command: Command): Command {
  command
    .argument('<file>', 'file to mend; it is replaced in one step, once all of it is right')
    .option('--manifest <file>', 'Metalink that describes it: a file, an http address, or - for standard input');
  return addReportFlags(addHttpFlags(addSignatureFlags(command)));
}

export function repairCommand(file: string, flags: RepairFlags): RepairCommand {
  const { manifest } = flags;
  if (manifest === undefined) throw usageError('repair needs --manifest: it says what is right, and where to fetch it');
  return { file, manifest, report: reportOptions(flags), http: httpOptions(flags), demand: signatureDemand(flags) };
}
