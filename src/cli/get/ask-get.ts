/** `get` without arguments: asks for what it needs. */
import { cancel, intro, log, outro } from '@clack/prompts';

import { ManygetError } from '../../base/errors.js';
import { printable } from '../../base/printable.js';
import { formatBytes } from '../../base/units.js';
import { askChoice, askText, QuestionLeft } from '../ask-text.js';
import { isUrl, parseHost } from '../options/addresses.js';
import { parseInterval } from '../options/numbers.js';
import { parsePorts } from '../options/ports.js';
import { usageError } from '../options/usage-error.js';
import { getCommandLine, type GetFrom, type GetRequest } from './get-request.js';
import { listFromAny, type ListFiles } from './resolve-sources.js';

/** `request` with the answers in it; undefined where the user left. */
export async function askGet(request: GetRequest, listFiles: ListFiles): Promise<GetRequest | undefined> {
  intro('manyget get');
  try {
    const answered = await questions(request, listFiles);
    outro(getCommandLine(answered));
    return answered;
  } catch (error) {
    if (!(error instanceof QuestionLeft)) throw error;
    cancel('nothing was fetched');
    return undefined;
  }
}

async function questions(request: GetRequest, listFiles: ListFiles): Promise<GetRequest> {
  const from = await askFrom(listFiles);
  const output =
    request.output ??
    (request.folder === undefined ? await askText('Output file or folder', './', parseOutput) : undefined);
  const resume =
    request.transfer.resume ??
    (await askChoice('An earlier run of this download', [
      { value: true, label: 'goes on', hint: 'where it was; what is there is checked' },
      { value: false, label: 'is forgotten', hint: 'start over' },
    ]));
  const intervalMs = request.report.intervalMs ?? (await askText('Seconds between two reports', '1', parseInterval));
  return {
    ...request,
    from,
    output,
    transfer: { ...request.transfer, resume },
    report: { ...request.report, intervalMs },
  };
}

/** Asks for the servers, again where none answers, and for one of their files. */
async function askFrom(listFiles: ListFiles): Promise<GetFrom> {
  for (;;) {
    const host = await askText('Address of the servers', '127.0.0.1', (text) => parseHost('The address', text));
    const ports = await askText('Their ports', '9001-9004', (text) => parsePorts(text, 1));
    try {
      const files = await listFromAny(host, ports, listFiles);
      if (files.length > 0) return { kind: 'servers', host, ports, name: await askName(files) };
      log.warn('These servers offer no file.');
    } catch (error) {
      if (!(error instanceof ManygetError)) throw error;
      log.warn(printable(error.message));
    }
  }
}

async function askName(files: readonly { readonly name: string; readonly size: number }[]): Promise<string> {
  return askChoice(
    'File',
    files.map((file) => ({ value: file.name, label: printable(file.name), hint: formatBytes(file.size) })),
  );
}

/** The answer to where the file shall go. */
function parseOutput(text: string): string {
  const path = text.trim();
  if (path === '') throw usageError('the output is a path: a file to write, or an existing folder');
  if (isUrl(path)) throw usageError('the output is a path on this machine, not an address');
  return path;
}
