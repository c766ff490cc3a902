import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'vitest';

/** Programs of others that tests run ours against. The list of their packages is in `.ci/run`. */
export interface PeerRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const runMsMax = 60_000;

/** Where `command` is in the folders of `searched`; undefined where it is not installed. */
export function findPeer(command: string, searched = process.env['PATH'] ?? ''): string | undefined {
  return searched
    .split(delimiter)
    .map((folder) => join(folder, command))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * A test that needs `command`. Where that is not installed, the test is counted as skipped under a name that says so;
 * under CI, where everything has to be there, it fails.
 */
export function testWithPeer(command: string, sentence: string, run: () => Promise<void>): void {
  if (findPeer(command) !== undefined) {
    test(`${command} ${sentence}`, { timeout: 2 * runMsMax }, run);
    return;
  }
  const inCi = process.env['CI'] === 'true';
  test.skipIf(!inCi)(`${command} ${sentence} (${command} is not installed)`, () => {
    throw new Error(`${command} is not installed, and a run with CI=true skips nothing`);
  });
}

/** Runs a peer to its end, in `folder`, with nothing of the caller's own configuration but what `env` says. */
export function runPeer(
  command: string,
  args: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<PeerRun> {
  const child = spawn(command, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, LC_ALL: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: runMsMax,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}
