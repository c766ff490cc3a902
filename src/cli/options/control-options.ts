/** How much sources may bring and which are used first: flags, their meaning, and the words that ask for them again. */
import type { Command } from 'commander';

import type { DownloadOptions } from '../../base/download-handle.js';
import { printable } from '../../base/printable.js';
import { isMeantBy, type SourceRule } from '../../base/source-rule.js';
import { parseSource } from './addresses.js';
import { appendedText } from './appended.js';
import { parseRate } from './rate-limits.js';
import { usageError } from './usage-error.js';

/** Those that are preferred come before all others, backups behind them. */
const preferredTier = -1;
const backupTier = 1;

/** The parsed flags, as commander names them. */
export interface ControlFlags {
  readonly limitRate?: number;
  readonly limitRateFor?: readonly SourceRule[];
  readonly lowestSpeedLimit?: number;
  readonly prefer?: readonly string[];
  readonly backup?: readonly string[];
}

type ControlOptions = Pick<DownloadOptions, 'limitBytesPerSec' | 'lowestBytesPerSec' | 'sourceRules'>;

export function addControlFlags(command: Command): Command {
  return command
    .option('--limit-rate <speed>', 'all servers together at most: 500K, 2M (bytes a second)', (text) =>
      parseRate('--limit-rate', text),
    )
    .option('--limit-rate-for <who=speed>', 'one server at most: URL=2M, or HOST=2M, or HOST:PORT=2M', parseLimitFor)
    .option(
      '--lowest-speed-limit <speed>',
      'leave a server that stays slower for 10 s, while another is faster',
      (text) => parseRate('--lowest-speed-limit', text, 1),
    )
    .option('--prefer <who>', 'use this server first (URL, HOST or HOST:PORT), others as far as needed', appendedText)
    .option(
      '--backup <url>',
      'one more address of the file, used only as far as the others do not suffice',
      appendedText,
    );
}

function parseLimitFor(text: string, before: readonly SourceRule[] | undefined): SourceRule[] {
  // An address may have "=" in it, a speed has none.
  const at = text.lastIndexOf('=');
  if (at <= 0) throw usageError(`--limit-rate-for takes URL=2M or HOST=2M, not "${printable(text, 80)}"`);
  const limitBytesPerSec = parseRate('--limit-rate-for', text.slice(at + 1));
  return [...(before ?? []), { match: text.slice(0, at).trim(), limitBytesPerSec }];
}

/** What the flags ask for. */
export function controlOptions(flags: ControlFlags): ControlOptions {
  const rules: SourceRule[] = [
    ...(flags.limitRateFor ?? []),
    ...(flags.prefer ?? []).map((match) => ({ match: nonEmpty('--prefer', match), tier: preferredTier })),
    ...backupUrls(flags).map((match) => ({ match, tier: backupTier })),
  ];
  return {
    ...(flags.limitRate === undefined ? {} : { limitBytesPerSec: flags.limitRate }),
    ...(flags.lowestSpeedLimit === undefined ? {} : { lowestBytesPerSec: flags.lowestSpeedLimit }),
    ...(rules.length === 0 ? {} : { sourceRules: rules }),
  };
}

/** Addresses that are sources beside those that are named as such. */
export function backupUrls(flags: Pick<ControlFlags, 'backup'>): string[] {
  return (flags.backup ?? []).map(parseSource);
}

/** `urls`, and those that rules of `options` are backups at. */
export function withBackups(urls: readonly string[], options: ControlOptions): readonly string[] {
  const backups = (options.sourceRules ?? []).filter((rule) => rule.tier === backupTier).map((rule) => rule.match);
  return [...urls, ...backups.filter((url) => !urls.includes(url))];
}

/** Refuses rules about servers that are not among `urls`: a slip of the keyboard would go unnoticed. */
export function checkRules(urls: readonly string[], options: ControlOptions): void {
  for (const { match } of options.sourceRules ?? []) checkNamed(urls, match);
}

/** Refuses a name that means none of the servers at `urls`. */
export function checkNamed(urls: readonly string[], match: string): void {
  if (urls.some((url) => isMeantBy(match, url))) return;
  throw usageError(`no server is at "${printable(match, 80)}": name one by its address, HOST or HOST:PORT`);
}

/** The words that ask for `options` again. */
export function controlWords(options: ControlOptions): string[] {
  const words: string[] = [];
  if (options.limitBytesPerSec !== undefined) words.push('--limit-rate', String(options.limitBytesPerSec));
  if (options.lowestBytesPerSec !== undefined) words.push('--lowest-speed-limit', String(options.lowestBytesPerSec));
  for (const { match, limitBytesPerSec, tier } of options.sourceRules ?? []) {
    if (limitBytesPerSec !== undefined) words.push('--limit-rate-for', `${match}=${limitBytesPerSec}`);
    if (tier === preferredTier) words.push('--prefer', match);
    if (tier === backupTier) words.push('--backup', match);
  }
  return words;
}

function nonEmpty(flag: string, text: string): string {
  if (text.trim() === '') throw usageError(`${flag} takes an address or a host, not an empty word`);
  return text.trim();
}
