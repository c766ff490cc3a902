// @ts-check
// A journal and its part file for `scripts/fuzz.js`: what is believed of a damaged journal has to be right.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { readJournal } from '../dist/store/journal.js';
import { verifyExtents } from '../dist/store/resume-check.js';
import { encodeJournalPreamble, JournalEncoder } from '../dist/wire/journal-record.js';

const sizeBytes = 40_000;
const pieceBytes = 16_384;
const truth = Buffer.from(Uint8Array.from({ length: sizeBytes }, (_, i) => 1 + (Math.imul(i, 2654435761) >>> 25)));
/** The part file: the second piece has not come, and one block of the first is not what it should be. */
const onDisk = Buffer.from(truth);
onDisk.fill(0, pieceBytes, 2 * pieceBytes);
onDisk.fill(7, 1000, 1500);

/** A journal with a record of each type. */
export function goodJournal() {
  const encoder = new JournalEncoder();
  const parts = [Buffer.from(encodeJournalPreamble())];
  const records = /** @type {any[]} */ ([
    { type: 'header', sizeBytes, pieceBytes, name: 'a.bin', id: '00'.repeat(16), createdMs: 5 },
    { type: 'source', index: 0, url: 'http://a/x' },
    { type: 'source', index: 1, url: 'mgp://b:1/x' },
    extent(0, 4000, 0),
    extent(4000, 16_384, 1),
    { type: 'segment', connection: 1, source: 0, start: 0, end: 9 },
    { type: 'piece', index: 2, sha256: createHash('sha256').update(truth.subarray(32_768)).digest(), source: 1 },
    extent(16_384, 20_000, 0),
    { type: 'forget', start: 17_000, end: 18_000 },
    { type: 'speed', source: 0, bytesPerSec: 5, firstByteMs: 2 },
    { type: 'content', contentId: 'ab'.repeat(32) },
    { type: 'end-of-run' },
  ]);
  for (const record of records) encoder.push(record);
  const bytes = Buffer.from(encoder.pending());
  return bytes.subarray(0, 8).equals(parts[0] ?? bytes) ? bytes : Buffer.concat([...parts, bytes]);
}

/** @param {number} start @param {number} end @param {number} source */
function extent(start, end, source) {
  return { type: 'extent', start, end, crc32: crc32(truth.subarray(start, end)), source };
}

/** Two files that can only be read. @param {Uint8Array} journal */
function readOnlyDisk(journal) {
  const files = [journal, onDisk];
  return /** @type {any} */ ({
    open: (/** @type {string} */ path) => (path === 'journal' ? 0 : 1),
    stat: (/** @type {number} */ fd) => ({ kind: 'file', sizeBytes: files[fd]?.length ?? 0, modifiedMs: 0 }),
    read: (
      /** @type {number} */ fd,
      /** @type {Uint8Array} */ target,
      /** @type {number} */ at,
      /** @type {number} */ n,
      /** @type {number} */ from,
    ) => {
      const bytes = (files[fd] ?? journal).subarray(from, from + n);
      target.set(bytes, at);
      return bytes.length;
    },
    close: () => undefined,
  });
}

/** What is believed after a crash is right, whatever the journal says. @param {readonly Uint8Array[]} pieces */
export async function journalTrace(pieces) {
  const disk = readOnlyDisk(Buffer.concat(pieces));
  let replay;
  try {
    replay = readJournal(disk, 'journal');
  } catch (error) {
    if (/** @type {any} */ (error).code === 'journal-version') return ['refused by name'];
    throw error;
  }
  if ('damaged' in replay) return ['nothing'];
  // A header of another file is another download: the engine compares it with what the servers say.
  if (replay.header.sizeBytes !== sizeBytes || replay.header.pieceBytes !== pieceBytes) return ['another file'];
  const check = await verifyExtents({ path: 'part', disk }, replay);
  const believed = [
    ...check.verifiedExtents,
    ...check.verifiedPieces.map(({ index }) => ({
      start: index * pieceBytes,
      end: Math.min(sizeBytes, (index + 1) * pieceBytes),
    })),
  ];
  for (const { start, end } of believed) {
    if (!onDisk.subarray(start, end).equals(truth.subarray(start, end))) {
      throw new Error(`bytes ${start} to ${end} are wrong and believed`);
    }
  }
  return [believed.length];
}
