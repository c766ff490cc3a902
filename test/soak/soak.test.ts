import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/soak.js', import.meta.url));
const soakMs = 180_000;

it(
  'twenty seconds of downloads through all faults at once brings right bytes, and leaves nothing open',
  async () => {
    // Of a size of which enough come in this time for the soak to judge by the memory.
    const child = spawn(process.execPath, [script, '--seconds', '20', '--mib', '6'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
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
