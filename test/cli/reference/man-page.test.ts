import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { manPageText } from '../../../src/cli/reference/print-reference.js';
import { runPeer, testWithPeer } from '../../support/peer.js';
import { repoRoot } from '../../support/tidy/repo-files.js';

const page = join(repoRoot, 'man', 'manyget.1');

describe('the man page', () => {
  test('is what the table of commands and flags makes of it: build, and commit it', async () => {
    const { version } = JSON.parse(await readFile(join(repoRoot, 'package.json'), 'utf8')) as { version: string };
    expect(await readFile(page, 'utf8')).toBe(manPageText(version));
  });

  test('names every command and its flags', () => {
    const text = manPageText('1.0.0');
    for (const word of ['get', 'serve', 'completion', 'daemon']) {
      expect(text).toContain(`.SS \\fBmanyget\\fR\\ \\fB${word}\\fR`);
    }
    expect(text).toContain('\\fB\\-\\-limit\\-rate\\fR');
    expect(text).toContain('\\fB\\-o\\fR, \\fB\\-\\-out\\fR \\fI<path>\\fR');
  });

  testWithPeer('groff', 'sets it without a warning', async () => {
    const { status, stdout, stderr } = await runPeer('groff', ['-man', '-ww', '-Tutf8', '-z', page], repoRoot);
    expect(stdout + stderr).toBe('');
    expect(status).toBe(0);
  });

  testWithPeer('mandoc', 'sets it without a warning', async () => {
    const { stdout } = await runPeer('mandoc', ['-T', 'lint', '-W', 'warning', page], repoRoot);
    expect(stdout).toBe('');
  });
});
