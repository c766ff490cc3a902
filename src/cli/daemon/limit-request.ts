/** `limit`: what downloads of the daemon may take, now and at which times; its flags, and what they ask for. */
import type { Command } from 'commander';

import { parseLimitSchedule } from '../../base/limit-schedule.js';
import { parseWhole } from '../options/numbers.js';
import { parseRateOrNone } from '../options/rate-limits.js';
import { usageError } from '../options/usage-error.js';

export interface LimitCommand {
  readonly kind: 'limit';
  /** Undefined: all downloads together. */
  readonly gid: string | undefined;
  /** 0: none. */
  readonly bytesPerSec: number | undefined;
  /** '': none. */
  readonly schedule: string | undefined;
  /** Connections to one host, whichever downloads have them; 0: as many as they like. */
  readonly perHostMax: number | undefined;
}

interface LimitFlags {
  readonly rate?: number;
  readonly schedule?: string;
  readonly connectionsPerHost?: number;
}

export function addLimitCommand(program: Command, found: (command: LimitCommand) => void): void {
  program
    .command('limit')
    .description('show or change, at once, what downloads of the daemon may take')
    .argument('[gid]', 'one download (default: all of them together)')
    .option('--rate <speed>', 'bytes a second, as 500K or 2M; 0 for no limit', (text: string) =>
      parseRateOrNone('--rate', text),
    )
    .option(
      '--schedule <rules>',
      'limits at times, before --rate: "mon-fri 08:00-18:00 2M; 23:00-06:00 0"; "" for none',
      parseSchedule,
    )
    .option(
      '--connections-per-host <n>',
      'connections to one host, whichever downloads have them; 0 for no limit',
      (text: string) => parseWhole('--connections-per-host', text, 0, 1000),
    )
    .action((gid: string | undefined, flags: LimitFlags) => {
      if (gid !== undefined && flags.connectionsPerHost !== undefined) {
        throw usageError('--connections-per-host is about all downloads together: leave the GID out');
      }
      const { rate: bytesPerSec, schedule, connectionsPerHost: perHostMax } = flags;
      found({ kind: 'limit', gid, bytesPerSec, schedule, perHostMax });
    });
}

/** The rules as they were given, where they make sense. */
export function parseSchedule(text: string): string {
  parseLimitSchedule(text);
  return text.trim();
}
