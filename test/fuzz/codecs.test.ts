import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/fuzz.js', import.meta.url));
const fuzzMs = 120_000;

it(
  'every codec takes ten thousand damaged inputs, however they are cut, and a damaged journal makes no wrong byte believed',
  async () => {
    const args = [script, '--runs', '10000', '--journals', '1000'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    const [status] = (await once(child, 'close')) as [number | null];
    expect(said).not.toContain('again:');
    expect(said).toContain('inputs to 18 codecs');
    expect(status).toBe(0);
  },
  fuzzMs,
);
