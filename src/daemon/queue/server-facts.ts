import type { SourceSnapshot } from '../../base/snapshot.js';
import type { ServerFacts } from './queue-store.js';

/** What the sources of one download say of their servers; credentials and paths stay out. */
export function serverFacts(sources: readonly SourceSnapshot[]): ServerFacts[] {
  const known = new Map<string, ServerFacts>();
  for (const { url, receivedBytes, meanSpeedBytesPerSec, faults } of sources) {
    if (!URL.canParse(url)) continue;
    const { protocol, host } = new URL(url);
    const origin = `${protocol}//${host}`;
    const before = known.get(origin) ?? { origin, bytes: 0, busyMs: 0, faults: 0 };
    const busyMs = meanSpeedBytesPerSec > 0 ? (receivedBytes / meanSpeedBytesPerSec) * 1000 : 0;
    known.set(origin, {
      origin,
      bytes: before.bytes + receivedBytes,
      busyMs: before.busyMs + busyMs,
      faults: before.faults + faults,
    });
  }
  return [...known.values()];
}
