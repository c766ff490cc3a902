import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/crash.js', import.meta.url));
const killsMs = 120_000;

it.each([
  ['mgp', []],
  ['HTTP', ['--http']],
])(
  'a download over %s that is killed at twelve random moments, as its servers are, comes out as it went in',
  async (_name, more) => {
    const child = spawn(process.execPath, [script, '--kills', '12', ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    const [status] = (await once(child, 'close')) as [number | null];
    expect(said).toContain('the bytes are right, and nothing is left behind');
    expect(status).toBe(0);
  },
  killsMs,
);
