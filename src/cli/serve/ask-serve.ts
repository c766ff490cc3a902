/** `serve` without arguments: asks for what it needs. */
import { existsSync } from 'node:fs';

import { cancel, intro, outro } from '@clack/prompts';

import { printable } from '../../base/printable.js';
import { askText, QuestionLeft } from '../ask-text.js';
import { parseInterval } from '../options/numbers.js';
import { formatPorts, parsePorts } from '../options/ports.js';
import { fitPorts, parseServerCount } from '../options/server-ports.js';
import { checkRateLimits } from '../options/rate-limits.js';
import { usageError } from '../options/usage-error.js';
import { serveCommandLine, type ServeRequest } from './serve-request.js';

/** `request` with the answers in it; undefined where the user left. */
export async function askServe(request: ServeRequest): Promise<ServeRequest | undefined> {
  intro('manyget serve');
  try {
    const answered = await questions(request);
    outro(serveCommandLine(answered));
    return answered;
  } catch (error) {
    if (!(error instanceof QuestionLeft)) throw error;
    cancel('nothing is served');
    return undefined;
  }
}

async function questions(request: ServeRequest): Promise<ServeRequest> {
  const path = await askText('File or folder to serve', '', parsePath);
  const limits = request.rateLimits;
  const count = await askText('How many servers', String(request.ports.length), (text) => {
    const servers = parseServerCount(text);
    if (limits !== undefined) checkRateLimits(limits, servers);
    return servers;
  });
  const given = request.ports.length === count ? request.ports : fitPorts(count, request.ports.slice(0, 1));
  const ports = await askText(
    'Their ports (one for each, the first alone, or 0 for free ones)',
    formatPorts(given),
    (text) => fitPorts(count, parsePorts(text, 0)),
  );
  const intervalMs = request.report.intervalMs ?? (await askText('Seconds between two reports', '1', parseInterval));
  return { ...request, paths: [path], ports, report: { ...request.report, intervalMs } };
}

/** The answer to what shall be served. */
function parsePath(text: string): string {
  const path = text.trim();
  if (path === '') throw usageError('name a file or a folder');
  if (!existsSync(path)) throw usageError(`there is no ${printable(path, 80)}`);
  return path;
}
