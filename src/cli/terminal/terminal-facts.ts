import type { CliIo } from '../io.js';
import type { ReportOptions } from '../options/report-options.js';
import { colorDepth, makeTheme, showsUnicode, type Theme } from './theme.js';

/** Whether to draw on standard output in place, rather than to print line after line. */
export function drawsLive(io: CliIo, options: ReportOptions): boolean {
  if (!options.liveView || options.json || options.quiet) return false;
  return io.stdout.isTTY === true && io.foreground && io.env['TERM'] !== 'dumb';
}

/** The theme for standard output. */
export function outputTheme(io: CliIo, options: ReportOptions): Theme {
  return makeTheme(colorDepth(options.color, io.env, io.stdout.isTTY === true), showsUnicode(io.env));
}
