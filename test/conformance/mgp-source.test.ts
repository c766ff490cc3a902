import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach } from 'vitest';
import { serve } from '../../src/app/serve.js';
import type { FleetHandle } from '../../src/base/fleet-handle.js';
import { defaultTlsTrust } from '../../src/sources/tls-trust.js';
import { MgpSource } from '../../src/sources/tcp/mgp-source.js';
import { tempFolder } from '../support/temp-folder.js';
import { sourceCases } from './source-cases.js';

const fleets: FleetHandle[] = [];

afterEach(async () => {
  await Promise.all(fleets.splice(0).map((fleet) => fleet.stop()));
});

const identity = { agent: 'test/1', token: undefined, trust: defaultTlsTrust };

sourceCases('mgp', async (bytes) => {
  const file = path.join(tempFolder(), 'f.bin');
  writeFileSync(file, bytes);
  const fleet = await serve({ paths: [file], ports: [0] });
  fleets.push(fleet);
  const origin = `mgp://127.0.0.1:${fleet.snapshot().servers[0]?.port ?? 0}`;
  return {
    source: () => new MgpSource(`${origin}/f.bin`, identity),
    missing: () => new MgpSource(`${origin}/missing.bin`, identity),
    kill: () => fleet.kill(1),
  };
});
