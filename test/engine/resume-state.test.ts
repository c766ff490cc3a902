import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManygetError } from '../../src/base/errors.js';
import { checkSameFile, openEarlierRun, openStore, type FileFacts } from '../../src/engine/resume-state.js';
import { realDisk } from '../../src/store/disk.js';
import { FaultyDisk } from '../support/faulty-disk.js';
import { tempFolder } from '../support/temp-folder.js';

const facts: FileFacts = { name: 'f', sizeBytes: 100_000, pieceBytes: 65_536, contentId: 'a'.repeat(64) };

interface Paths {
  readonly part: string;
  readonly journal: string;
}

function paths(): Paths {
  const folder = tempFolder();
  return { part: path.join(folder, 'f.part'), journal: path.join(folder, 'f.part.journal') };
}

/** What an earlier run left. */
function leave(at: Paths): void {
  const store = openStore(realDisk, at.part, at.journal, facts, undefined);
  store.journal.append({ type: 'content', contentId: facts.contentId ?? '' });
  store.journal.flush();
  store.journal.close();
  store.part.close();
}

function codeOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ManygetError) return error.code;
    throw error;
  }
  return 'fits';
}

describe('the state of an earlier run', () => {
  it('is none where nothing is there, and nothing is said of it', () => {
    const at = paths();
    expect(openEarlierRun(realDisk, at.part, at.journal)).toEqual({});
  });

  it('is found with what it says', () => {
    const at = paths();
    leave(at);
    const { earlier } = openEarlierRun(realDisk, at.part, at.journal);
    expect(earlier?.replay).toMatchObject({ contentId: facts.contentId, header: { sizeBytes: 100_000 } });
    earlier?.journal.close();
  });

  it.each([
    ['a part file without a journal', (at: Paths) => rmSync(at.journal), 'without a journal'],
    ['a journal without a part file', (at: Paths) => rmSync(at.part), 'a journal without'],
    ['a journal that is none', (at: Paths) => writeFileSync(at.journal, 'x'), 'its header is damaged'],
  ])('%s is of no use, and the reason is given', (_, spoil, reason) => {
    const at = paths();
    leave(at);
    spoil(at);
    const { earlier, useless } = openEarlierRun(realDisk, at.part, at.journal);
    expect(earlier).toBeUndefined();
    expect(useless).toContain(reason);
  });

  it.each([
    ['another size', { sizeBytes: 100_001 }, 'journal-other-file'],
    ['other pieces', { pieceBytes: 131_072 }, 'journal-other-file'],
    ['other content', { contentId: 'b'.repeat(64) }, 'journal-other-file'],
    ['content that is not known yet', { contentId: undefined }, 'fits'],
    ['the same file', {}, 'fits'],
  ])('beside %s: %s → %s', (_, change, expected) => {
    const at = paths();
    leave(at);
    const { earlier } = openEarlierRun(realDisk, at.part, at.journal);
    if (earlier === undefined) throw new Error('there is no earlier run');
    expect(codeOf(() => checkSameFile({ ...facts, ...change }, earlier.replay, at.part))).toBe(expected);
    earlier.journal.close();
  });
});

describe('a store that cannot be opened', () => {
  it('leaves no descriptor behind', () => {
    const at = paths();
    const disk = new FaultyDisk();
    disk.fail('open', 'EACCES', { skip: 1 });
    expect(codeOf(() => void openStore(disk, at.part, at.journal, facts, undefined))).toBe('io-failed');
    expect(disk.count('close')).toBe(1);
    expect(existsSync(at.journal)).toBe(false);
  });
});
