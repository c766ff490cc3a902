import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/soak.js', import.meta.url));
const soakMs = 240_000;

it(
  'a minute of downloads through all faults at once brings right bytes, and leaves nothing open',
  async () => {
    const child = spawn(process.execPath, [script, '--seconds', '60'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    const [status] = (await once(child, 'close')) as [number | null];
    expect(said).not.toContain('again:');
    expect(said).toContain('every byte is right, nothing is left open');
    expect(status).toBe(0);
  },
  soakMs,
);
