import type { ManifestRequest } from '../../app/make-manifest.js';
import { endRequest } from '../end-signals.js';
import type { CliIo } from '../io.js';
import type { ManifestCommand } from './manifest-request.js';

export interface ManifestDeps {
  readonly makeManifest: (request: ManifestRequest) => Promise<string>;
  readonly writeNewFile: (path: string, text: string, options: { readonly overwrite: boolean }) => Promise<void>;
}

/** Describes the files. Returns the exit status. */
export async function runManifest(command: ManifestCommand, deps: ManifestDeps, io: CliIo): Promise<number> {
  const abort = new AbortController();
  const ending = endRequest(io, () => abort.abort());
  try {
    const { files, urls, pieceBytes, output, overwrite } = command;
    const text = await deps.makeManifest({ files, urls, pieceBytes, signal: abort.signal });
    if (output === undefined) io.stdout.write(text);
    else await deps.writeNewFile(output, text, { overwrite });
    if (urls.length === 0)
      io.stderr.write('manyget: no --url was named: the manifest verifies, but nobody can fetch by it\n');
    return 0;
  } finally {
    ending.stopListening();
  }
}
