import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { folderEntriesMax } from '../../src/server/catalog-folder.js';
import { defaultLimits } from '../../src/server/fleet-plan.js';
import { httpRequestLimits } from '../../src/wire/http-request-limits.js';
import { statusTexts } from '../../src/wire/http-server-head.js';

const page = readFileSync(new URL('../../docs/http-server.md', import.meta.url), 'utf8');

describe('the page on HTTP', () => {
  it('names every status but that of a broken disk', () => {
    for (const status of Object.keys(statusTexts).filter((s) => s !== '500')) expect(page).toContain(status);
  });

  it('states the limits that the code has', () => {
    const { headBytesMax, headersMax, targetBytesMax, rangesMax } = httpRequestLimits;
    for (const limit of [headBytesMax, headersMax, targetBytesMax, rangesMax, folderEntriesMax]) {
      expect(page).toMatch(new RegExp(`\\| ${limit.toLocaleString('en-US')}\\b`));
    }
    const { helloMs, keepAliveMs, idleMs, stallMs, graceMs } = defaultLimits(1);
    for (const seconds of [helloMs, keepAliveMs, stallMs, graceMs].map((ms) => ms / 1000)) {
      expect(page).toContain(`${seconds} s`);
    }
    expect(page).toContain(`${idleMs / 60_000} minutes`);
  });
});
