import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { serve } from '../../../src/app/serve.js';
import type { FleetHandle } from '../../../src/base/fleet-handle.js';
import { fetchFile } from '../../support/http-download.js';
import { HttpTestServer } from '../../support/http-test-server.js';
import { tempFolder } from '../../support/temp-folder.js';
import { randomBytesOf } from '../../support/random-bytes.js';

const right = randomBytesOf(5 * 1024 * 1024 + 11, 1);
const wrong = Buffer.from(right);
wrong.fill(7, 1_000_000, 1_000_050);
wrong.fill(7, 4_000_000, 4_000_050);
const fleets: FleetHandle[] = [];

afterEach(async () => {
  await Promise.all(fleets.splice(0).map((fleet) => fleet.stop()));
});

async function mgpServer(bytes: Uint8Array): Promise<string> {
  const file = path.join(tempFolder(), 'f.bin');
  writeFileSync(file, bytes);
  const fleet = await serve({ paths: [file], ports: [0] });
  fleets.push(fleet);
  return `mgp://127.0.0.1:${fleet.snapshot().servers[0]?.port ?? 0}/f.bin`;
}

describe('HTTP servers beside one that states hashes', () => {
  test('are held against them, piece by piece', async () => {
    const http = await HttpTestServer.start({ file: right });
    const outcome = await fetchFile([http.url, await mgpServer(right)]);
    if (outcome.kind === 'failed') throw outcome.error;
    expect(right.equals(outcome.bytes)).toBe(true);
    expect(outcome.report.piecesVerified).toBe(outcome.report.pieceCount);
  });

  test('have their wrong bytes fetched again from elsewhere', async () => {
    const http = await HttpTestServer.start({ file: wrong });
    const outcome = await fetchFile([http.url, await mgpServer(right)]);
    if (outcome.kind === 'failed') throw outcome.error;
    expect(right.equals(outcome.bytes)).toBe(true);
  });

  test('are left out where they hold another size', async () => {
    const http = await HttpTestServer.start({ file: right.subarray(1) });
    const outcome = await fetchFile([http.url, await mgpServer(right), await mgpServer(right)]);
    if (outcome.kind === 'failed') throw outcome.error;
    expect(right.equals(outcome.bytes)).toBe(true);
    expect(outcome.report.sources[0]?.note).toContain('expected');
  });

  test('alone have no piece verified, and the report says so', async () => {
    const http = await HttpTestServer.start({ file: right });
    const outcome = await fetchFile([http.url]);
    if (outcome.kind === 'failed') throw outcome.error;
    expect(outcome.report.piecesVerified).toBe(0);
    expect(outcome.report.sha256Origin).toBe('computed');
  });
});
