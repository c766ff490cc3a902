import type { EngineDownload } from './engine/engine-download.js';
import type { DownloadQueue } from './queue/download-queue.js';
import { mediaType } from './web/media-type.js';

/** Of a film this comes first: it says where the index is. */
const headBytes = 64 * 1024;
/** What a player begins with, after the index. */
const startBytes = 1024 * 1024;
/** An index of more than this is left to the player. */
const indexBytesMax = 16 * 1024 * 1024;

/**
 * Has the head of every film that is begun fetched first, and its index where that is at the end, so that a player has
 * what it asks for first when somebody opens one. Reads, and does nothing with what it read: that is what has it fetched.
 * @returns what stops it.
 */
export function fetchFilmStarts(queue: DownloadQueue): Disposable {
  const leaving = new AbortController();
  const stop = queue.listen((event, { handle, progress }) => {
    if (event !== 'started' || handle === undefined) return;
    if (!isPlayable(progress.name)) return;
    // A download that ends before this much of it came has its own way of saying so.
    fetchStart(handle, leaving.signal).catch(() => undefined);
  });
  return {
    [Symbol.dispose]: () => {
      stop();
      leaving.abort();
    },
  };
}

const isPlayable = (name: string): boolean => /^(video|audio)\//.test(mediaType(name));

async function fetchStart(handle: EngineDownload, signal: AbortSignal): Promise<void> {
  // Before anything is known of the file: so nothing else is asked for first.
  const head = await readRange(handle, 0, headBytes, signal);
  const sizeBytes = await handle.sizeKnown(signal);
  const indexAt = indexOffset(head);
  if (indexAt !== undefined && indexAt < sizeBytes && sizeBytes - indexAt <= indexBytesMax) {
    await readRange(handle, indexAt, sizeBytes, signal);
  }
  await readRange(handle, 0, Math.min(startBytes, sizeBytes), signal);
}

async function readRange(handle: EngineDownload, start: number, end: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of handle.createReader({ start, end, signal })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Where the index of an MP4 or QuickTime film begins, where that is behind its pictures: the offset after the `mdat` box
 * that comes before any `moov` (ISO/IEC 14496-12, 4.2 and 8.1.1). Undefined for all else.
 */
export function indexOffset(head: Uint8Array): number | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  for (let at = 0; at + 16 <= head.length;) {
    const type = String.fromCharCode(...head.subarray(at + 4, at + 8));
    const short = view.getUint32(at);
    const long = short === 1 ? view.getBigUint64(at + 8) : BigInt(short);
    // A box without a length goes up to the end of the file; nothing is behind it.
    if (long < 8n || long > BigInt(Number.MAX_SAFE_INTEGER - at)) return undefined;
    if (at === 0 && type !== 'ftyp' && type !== 'mdat' && type !== 'wide' && type !== 'free') return undefined;
    if (type === 'moov') return undefined;
    at += Number(long);
    if (type === 'mdat') return at;
  }
  return undefined;
}
