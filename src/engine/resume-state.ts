import { randomBytes } from 'node:crypto';
import { ManygetError } from '../base/errors.js';
import { formatBytes } from '../base/units.js';
import type { Disk } from '../store/disk.js';
import { Journal, type JournalReplay } from '../store/journal.js';
import { PartFile } from '../store/part-file.js';

/** The file as the sources state it. */
export interface FileFacts {
  readonly name: string;
  readonly sizeBytes: number;
  readonly pieceBytes: number;
  readonly contentId: string | undefined;
}

/** What an earlier run left, as far as it can be read. */
export interface EarlierRun {
  readonly journal: Journal;
  readonly replay: JournalReplay;
}

/** The state of an earlier run at this place; undefined where there is none, with the reason where it is of no use. */
export function openEarlierRun(
  disk: Disk,
  partPath: string,
  journalPath: string,
): { earlier?: EarlierRun; useless?: string } {
  if (disk.look(journalPath) === undefined) {
    return disk.look(partPath) === undefined ? {} : { useless: `there is ${partPath} without a journal` };
  }
  const opened = Journal.open(disk, journalPath);
  if (opened.journal === undefined) return { useless: opened.damaged };
  if (disk.look(partPath) === undefined) {
    opened.journal.close();
    return { useless: `there is a journal without ${partPath}` };
  }
  return { earlier: opened };
}

/**
 * Throws `journal-other-file` where the state that is there belongs to other bytes than the sources hold now: it is
 * kept, since only the user can say which is wanted.
 */
export function checkSameFile(facts: FileFacts, replay: JournalReplay, partPath: string): void {
  const { header } = replay;
  const other = (what: string): ManygetError =>
    new ManygetError(
      'journal-other-file',
      `${partPath} was begun for another file: ${what}; use --no-resume to start over, or another output to keep both`,
    );
  if (header.sizeBytes !== facts.sizeBytes) {
    throw other(
      `it is of ${formatBytes(header.sizeBytes)} (${header.sizeBytes} bytes), the servers' is of ${facts.sizeBytes} bytes`,
    );
  }
  if (header.pieceBytes !== facts.pieceBytes) {
    throw other(`its pieces are of ${header.pieceBytes} bytes, the servers' are of ${facts.pieceBytes}`);
  }
  if (replay.contentId !== undefined && facts.contentId !== undefined && replay.contentId !== facts.contentId) {
    throw other(`its content id is ${replay.contentId}, the servers' is ${facts.contentId}`);
  }
}

/** The part file, and the journal that goes on or begins. */
export function openStore(
  disk: Disk,
  partPath: string,
  journalPath: string,
  facts: FileFacts,
  earlier: EarlierRun | undefined,
): { part: PartFile; journal: Journal } {
  const part = PartFile.open(disk, partPath, facts.sizeBytes, { fresh: earlier === undefined });
  if (earlier !== undefined) return { part, journal: earlier.journal };
  try {
    const journal = Journal.create(disk, journalPath, {
      sizeBytes: facts.sizeBytes,
      pieceBytes: facts.pieceBytes,
      name: facts.name,
      id: randomBytes(16).toString('hex'),
      createdMs: Date.now(),
    });
    return { part, journal };
  } catch (error) {
    part.close();
    throw error;
  }
}
