import { basename } from 'node:path';

import type { ManifestRequest } from '../../app/make-manifest.js';
import type { Signer } from '../../app/open-signer.js';
import { QuestionLeft } from '../ask-text.js';
import { endable, interruptedStatus } from '../end-signals.js';
import type { CliIo } from '../io.js';
import { keyPassword } from './key-password.js';
import type { ManifestCommand } from './manifest-request.js';

interface ManifestDeps {
  readonly makeManifest: (request: ManifestRequest) => Promise<string>;
  readonly openSigner: (keyFile: string, askPassword: () => Promise<string>) => Promise<Signer>;
  /** Throws where `writeNewFile` would. */
  readonly checkNewFile: (path: string, options: { readonly overwrite: boolean }) => void;
  readonly writeNewFile: (path: string, text: string, options: { readonly overwrite: boolean }) => Promise<void>;
}

/** Describes the files. Returns the exit status. */
export async function runManifest(command: ManifestCommand, deps: ManifestDeps, io: CliIo): Promise<number> {
  const { files, urls, pieceBytes, output, overwrite, keyFile } = command;
  if (output !== undefined) deps.checkNewFile(output, { overwrite });
  if (keyFile !== undefined) deps.checkNewFile(signatureOf(output), { overwrite });
  let sign: Signer | undefined;
  try {
    // Before all the reading: a wrong password is told at once.
    if (keyFile !== undefined) sign = await deps.openSigner(keyFile, () => keyPassword(io));
  } catch (error) {
    if (error instanceof QuestionLeft) return interruptedStatus;
    throw error;
  }
  return endable(io, async (signal) => {
    const text = await deps.makeManifest({ files, urls, pieceBytes, signal });
    if (output === undefined) io.stdout.write(text);
    else await deps.writeNewFile(output, text, { overwrite });
    if (sign !== undefined && output !== undefined) {
      await deps.writeNewFile(signatureOf(output), sign(text, basename(output)), { overwrite });
    }
    if (urls.length === 0)
      io.stderr.write('manyget: no --url was named: the manifest verifies, but nobody can fetch by it\n');
    return 0;
  });
}

function signatureOf(output: string | undefined): string {
  return `${output ?? ''}.minisig`;
}
