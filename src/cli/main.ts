/** The command `manyget`: parses, loads what was asked for, and turns every error into a sentence and an exit status. */
import { interruptedStatus } from './end-signals.js';
import { errorHint, printError } from './error-output.js';
import { type CliIo, isInteractive } from './io.js';
import { outliveReaders, processIo } from './process-io.js';
import { optimizeLate } from './get/optimize-late.js';
import { hideToken } from './options/access-options.js';
import { type Invocation, parseArguments } from './program.js';
import { asManygetError } from '../base/errors.js';

/** First come the connections. */
const optimizeLateAfterMs = 20;

export interface RunOptions {
  /** Flags of V8 may be changed. */
  readonly mayOptimizeLate: boolean;
}

async function main(args: readonly string[], io: CliIo, options: RunOptions): Promise<number> {
  try {
    if (args.length > 0 || !isInteractive(io)) return await run(parseArguments(args), io, options);
    const { askCommand } = await import('./ask-command.js');
    const command = await askCommand();
    return command === undefined ? interruptedStatus : await run(parseArguments([command]), io, options);
  } catch (thrown) {
    const error = asManygetError(thrown);
    return printError(io, error, errorHint(error), args.includes('-v') || args.includes('--verbose'));
  }
}

async function run(invocation: Invocation, io: CliIo, options: RunOptions): Promise<number> {
  switch (invocation.type) {
    case 'help':
      io.stdout.write(invocation.text);
      return 0;
    case 'version':
      io.stdout.write(`${await version()}\n`);
      return 0;
    case 'get': {
      if (options.mayOptimizeLate) setTimeout(optimizeLate, optimizeLateAfterMs).unref();
      const [{ runGet }, { download }, { listFiles }] = await Promise.all([
        import('./get/run-get.js'),
        import('../app/download.js'),
        import('../app/list.js'),
      ]);
      return runGet(invocation.request, { download, listFiles }, io);
    }
    case 'manifest': {
      const [{ runManifest }, { makeManifest }, { openSigner }, { checkNewFile, writeNewFile }] = await Promise.all([
        import('./manifest/run-manifest.js'),
        import('../app/make-manifest.js'),
        import('../app/open-signer.js'),
        import('../app/write-new-file.js'),
      ]);
      return runManifest(invocation.command, { makeManifest, openSigner, checkNewFile, writeNewFile }, io);
    }
    case 'verify': {
      const [{ runVerify }, { expectedContent }, { verifyFile }] = await Promise.all([
        import('./verify/run-verify.js'),
        import('../app/expected-content.js'),
        import('../app/verify.js'),
      ]);
      return runVerify(invocation.command, { expectedContent, verifyFile }, io);
    }
    case 'repair': {
      const [{ runRepair }, { repairBy }] = await Promise.all([
        import('./repair/run-repair.js'),
        import('../app/repair.js'),
      ]);
      return runRepair(invocation.command, { repairBy }, io);
    }
    case 'completion': {
      const { completionScript } = await import('./reference/print-reference.js');
      io.stdout.write(completionScript(invocation.shell));
      return 0;
    }
    case 'daemon': {
      const { runDaemonCommand } = await import('./daemon/run-daemon-command.js');
      return runDaemonCommand(invocation.command, io);
    }
    case 'serve': {
      const [{ runServe }, { serve }] = await Promise.all([import('./serve/run-serve.js'), import('../app/serve.js')]);
      return runServe(invocation.request, { serve }, io);
    }
  }
}

async function version(): Promise<string> {
  const { packageVersion } = await import('../app/agent.js');
  return packageVersion();
}

/** Carries out a command line of this process. Returns the exit status once all output is out. */
export async function runCommand(args: readonly string[], options: RunOptions): Promise<number> {
  outliveReaders();
  hideToken(args, (title) => (process.title = title));
  const status = await main(args, processIo(), options);
  // Pipes may still hold lines; nothing else is worth waiting for, a forgotten timer least of all.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  return status;
}
