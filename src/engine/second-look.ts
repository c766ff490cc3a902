import { ManygetError } from '../base/errors.js';
import type { SourceInfo } from '../sources/source.js';
import type { SourceRunner } from './source-runner.js';

/**
 * Why a source that was left out for wrong pieces sent them, found out before it is blamed for good: a server looks at
 * its file every so often only, so that pieces of a new version may come before its word that there is one.
 * @param timeoutMs For each source. One that does not answer by then stays with its error.
 */
export async function lookAgainAtCondemned(runners: readonly SourceRunner[], timeoutMs: number): Promise<void> {
  await Promise.all(
    runners.filter(isCondemned).map(async (runner) => {
      const now = await runner.source.statAnew?.({ connectTimeoutMs: timeoutMs });
      const change = now === undefined || runner.info === undefined ? undefined : changeOf(runner.info, now);
      if (change === undefined) return;
      const text = `${runner.source.label} ${change}; before it said so, ${runner.strikes} pieces of it had come`;
      runner.lastError = new ManygetError('file-changed', text, { cause: runner.lastError });
    }),
  );
}

/** It was left out for what it sent, not for what it said. */
export function isCondemned({ strikes, lastError }: SourceRunner): boolean {
  return strikes > 0 && lastError?.code === 'content-differs';
}

/** What is another file now, by what its source says; undefined: nothing. */
function changeOf(before: SourceInfo, now: SourceInfo): string | undefined {
  if (now.sizeBytes !== before.sizeBytes) {
    return `holds a file of ${now.sizeBytes} bytes now, before ${before.sizeBytes} bytes`;
  }
  if (now.mtimeMs !== before.mtimeMs) return 'holds a file that was written anew';
  const isOther = now.contentId !== undefined && before.contentId !== undefined && now.contentId !== before.contentId;
  return isOther ? 'states another content id now' : undefined;
}
