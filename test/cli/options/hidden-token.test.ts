import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { commandPath } from '../../support/command-path.js';
import { tempFolder } from '../../support/temp-folder.js';

const secret = 'a-secret-of-many-characters';

it.runIf(process.platform === 'linux')(
  'a token on the command line is not in the list of processes once a server runs',
  async () => {
    const folder = tempFolder();
    const file = path.join(folder, 'f.bin');
    writeFileSync(file, 'bytes');
    const args = [commandPath, 'serve', '--json', '-p', '0', '--token', secret, file];
    const env = { ...process.env, XDG_CACHE_HOME: folder };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      let said = '';
      while (!said.includes('"port"')) said += String((await once(child.stdout, 'data'))[0]);
      const shown = readFileSync(`/proc/${child.pid ?? 0}/cmdline`, 'latin1');
      expect(shown).toContain('manyget');
      expect(shown + said).not.toContain(secret);
    } finally {
      child.kill('SIGKILL');
    }
  },
);
