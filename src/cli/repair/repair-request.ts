/** What `repair` is asked for. */
import type { Command } from 'commander';

import { addReportFlags, type ReportFlags, type ReportOptions, reportOptions } from '../options/report-options.js';
import { usageError } from '../options/usage-error.js';

export interface RepairCommand {
  readonly file: string;
  readonly manifest: string;
  readonly report: ReportOptions;
}

export interface RepairFlags extends ReportFlags {
  readonly manifest?: string;
}

export function addRepairFlags(command: Command): Command {
  command
    .argument('<file>', 'file to mend; it is replaced in one step, once all of it is right')
    .option('--manifest <file>', 'Metalink that describes it: a file, an http address, or - for standard input');
  return addReportFlags(command);
}

export function repairCommand(file: string, flags: RepairFlags): RepairCommand {
  const { manifest } = flags;
  if (manifest === undefined) throw usageError('repair needs --manifest: it says what is right, and where to fetch it');
  return { file, manifest, report: reportOptions(flags) };
}
