import { documentFetcher } from '../../app/fetch-bytes.js';
import type { repairBy } from '../../app/repair.js';
import { endable, interruptedStatus } from '../end-signals.js';
import { showDownload } from '../get/show-download.js';
import type { CliIo } from '../io.js';
import { jsonLine } from '../json-lines.js';
import { boundToNamed, httpWords } from '../options/http-options.js';
import { withPassword } from '../options/login-password.js';
import { signatureWords } from '../options/signature-options.js';
import { manygetCommandLine } from '../options/shell-words.js';
import { verifyLines } from '../verify/verify-lines.js';
import type { RepairCommand } from './repair-request.js';

interface RepairDeps {
  readonly repairBy: typeof repairBy;
}

/** Checks the file, and fetches what is wrong with it. Returns the exit status. */
export async function runRepair(given: RepairCommand, deps: RepairDeps, io: CliIo): Promise<number> {
  const command = await withPassword(given, io);
  if (command === undefined) return interruptedStatus;
  const { file, manifest, report, demand } = command;
  const http = boundToNamed(command.http, [manifest, demand?.signature ?? '']);
  const asked = http === undefined ? {} : { http };
  const repair = await endable(io, (signal) => {
    const places = { stdin: io.stdin, fetchBytes: documentFetcher({ ...asked, signal }), demand };
    return deps.repairBy(file, manifest, places, { ...asked, signal });
  });
  if (report.json) io.stdout.write(jsonLine({ type: 'verify', report: repair.found }));
  else if (!report.quiet) io.stdout.write(`${verifyLines(repair.found).join('\n')}\n`);
  if (repair.start === undefined) return 0;
  const handle = await repair.start();
  const again = manygetCommandLine(
    'repair',
    [file],
    ['--manifest', manifest, ...signatureWords(demand), ...httpWords(http)],
  );
  return showDownload({ report, again }, () => handle, io);
}
