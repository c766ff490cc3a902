import { ManygetError } from '../base/errors.js';
import { formatBytes } from '../base/units.js';
import type { ConnectionHandler, Source, SourceInfo } from '../sources/source.js';
import type { SourceRunner } from './source-runner.js';

/**
 * Why a source that was left out for wrong pieces sent them, found out before it is blamed for good: a server looks at
 * its file every so often only, so that pieces of a new version may come before its word that there is one.
 * @param timeoutMs For each source. One that does not answer by then stays with its error.
 */
export async function lookAgainAtCondemned(runners: readonly SourceRunner[], timeoutMs: number): Promise<void> {
  await Promise.all(
    runners.filter(isCondemned).map(async (runner) => {
      const now = await factsNow(runner.source, timeoutMs);
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
    return `holds a file of ${formatBytes(now.sizeBytes)} (${now.sizeBytes} bytes) now, before ${before.sizeBytes} bytes`;
  }
  if (now.mtimeMs !== before.mtimeMs) return `has written its file anew at ${new Date(now.mtimeMs).toISOString()}`;
  const isOther = now.contentId !== undefined && before.contentId !== undefined && now.contentId !== before.contentId;
  return isOther ? 'has another version of its file now' : undefined;
}

/** What it says on a connection that believes nothing of what was said before. */
function factsNow(source: Source, timeoutMs: number): Promise<SourceInfo | undefined> {
  return new Promise((resolve) => {
    const enough = new ManygetError('aborted', `${source.label} was asked once more, and has answered`);
    const connection = source.connect(
      new FactsListener(
        (info) => {
          resolve(info);
          connection.close(enough);
        },
        () => {
          resolve(undefined);
        },
      ),
      { connectTimeoutMs: timeoutMs, isAnew: true },
    );
  });
}

/** Hears what a source holds, and asks for none of it. */
class FactsListener implements ConnectionHandler {
  readonly ready: (info: SourceInfo) => void;
  readonly closed: () => void;

  constructor(ready: (info: SourceInfo) => void, closed: () => void) {
    this.ready = ready;
    this.closed = closed;
  }

  dataTarget(): undefined {
    return undefined;
  }

  maySkip(): number {
    return 0;
  }

  connected(): void {}
  unsized(): void {}
  infoChanged(): void {}
  dataStart(): void {}
  dataFilled(): void {}
  skipped(): void {}
  segmentEnded(): void {}
  hashes(): void {}
  hashesRefused(): void {}
  alive(): void {}
}
