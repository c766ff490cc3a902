/** How a command reports: options that `get` and `serve` share. */
import { Option, type Command } from 'commander';

import { usageError } from './usage-error.js';
import { parseInterval } from './numbers.js';

const colorChoices = ['auto', 'always', 'never'] as const;
export type ColorChoice = (typeof colorChoices)[number];

export interface ReportOptions {
  /** Undefined: each view's own pace. */
  readonly intervalMs: number | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: ColorChoice;
  /** False: plain lines on a terminal, too. */
  readonly liveView: boolean;
}

/** The parsed flags, as commander names them. */
export interface ReportFlags {
  readonly interval?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color?: ColorChoice;
  readonly progress?: boolean;
}

export function addReportFlags(command: Command): Command {
  return command
    .option('-i, --interval <seconds>', 'time between two reports (default: 1, and 0.1 for a live view)', parseInterval)
    .option('--json', 'report as NDJSON on standard output, one object a line (docs/json-output.md)')
    .option('-q, --quiet', 'print nothing but errors')
    .option('-v, --verbose', 'print every decision with its reason')
    .addOption(
      new Option('--color <when>', 'whether to use colours; NO_COLOR is heeded')
        .choices(colorChoices)
        .argParser(parseColor),
    )
    .option('--no-progress', 'plain lines instead of a live view');
}

function parseColor(text: string): ColorChoice {
  if (text === 'auto' || text === 'always' || text === 'never') return text;
  throw usageError(`--color takes auto, always or never, not "${text}"`);
}

export function reportOptions(flags: ReportFlags): ReportOptions {
  if (flags.json === true && flags.quiet === true) {
    throw usageError('--json and --quiet exclude each other: one asks for every report, the other for none');
  }
  return {
    intervalMs: flags.interval,
    json: flags.json ?? false,
    quiet: flags.quiet ?? false,
    verbose: flags.verbose ?? false,
    color: flags.color ?? 'auto',
    liveView: flags.progress ?? true,
  };
}

/** The words that ask for `options` again. */
export function reportWords(options: ReportOptions): string[] {
  return [
    ...(options.intervalMs === undefined ? [] : ['-i', String(options.intervalMs / 1000)]),
    ...(options.json ? ['--json'] : []),
    ...(options.quiet ? ['-q'] : []),
    ...(options.verbose ? ['-v'] : []),
    ...(options.color === 'auto' ? [] : ['--color', options.color]),
    ...(options.liveView ? [] : ['--no-progress']),
  ];
}
