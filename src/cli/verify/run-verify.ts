import type { ContentWishes } from '../../app/expected-content.js';
import { documentFetcher } from '../../app/fetch-bytes.js';
import type { SignedPlaces } from '../../app/signed-document.js';
import type { VerifyOptions, VerifyReport } from '../../app/verify.js';
import { ManygetError } from '../../base/errors.js';
import type { ExpectedContent } from '../../base/manifest.js';
import { endable, interruptedStatus } from '../end-signals.js';
import type { CliIo } from '../io.js';
import { jsonLine } from '../json-lines.js';
import { boundToNamed } from '../options/http-options.js';
import { withPassword } from '../options/login-password.js';
import { verifyLines, verifySentence } from './verify-lines.js';
import type { VerifyCommand } from './verify-request.js';

interface VerifyDeps {
  readonly expectedContent: (path: string, wishes: ContentWishes, places: SignedPlaces) => Promise<ExpectedContent>;
  readonly verifyFile: (path: string, expected: ExpectedContent, options: VerifyOptions) => Promise<VerifyReport>;
}

/** Checks the file and says what is wrong with it. Returns the exit status; throws `verification-failed` for a bad file. */
export async function runVerify(given: VerifyCommand, deps: VerifyDeps, io: CliIo): Promise<number> {
  const command = await withPassword(given, io);
  if (command === undefined) return interruptedStatus;
  const http = boundToNamed(command.http, [
    command.manifest ?? '',
    command.checksumFile ?? '',
    command.demand?.signature ?? '',
  ]);
  const report = await endable(io, async (signal) => {
    const fetchBytes = documentFetcher({ ...(http === undefined ? {} : { http }), signal });
    const places = { stdin: io.stdin, fetchBytes, demand: command.demand };
    return deps.verifyFile(command.file, await deps.expectedContent(command.file, command, places), { signal });
  });
  if (command.json) io.stdout.write(jsonLine({ type: 'verify', report }));
  else if (!command.quiet) io.stdout.write(`${verifyLines(report).join('\n')}\n`);
  if (report.isGood) return 0;
  throw new ManygetError('verification-failed', verifySentence(report));
}
