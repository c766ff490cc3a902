import { describe, expect, it } from 'vitest';
import { DownloadLab, mib } from '../support/download-lab.js';
import { randomPlans, TcpFaultProxy, type Fault } from '../support/tcp-fault-proxy.js';

const size = 6 * mib + 5;
const faults: readonly Fault[] = ['reset', 'cut', 'stall', 'corrupt', 'duplicate', 'refuse', 'delay', 'slow'];

describe.concurrent('a connection in which, in mid-download,', () => {
  it.each(faults)('there is a %s costs nothing but itself', async (fault) => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', size);
    const fleet = await lab.serve(file.path, { rateLimits: [4 * mib, 4 * mib] });
    const ports = fleet.handle.snapshot().servers.map((server) => server.port);
    await using proxy = await TcpFaultProxy.start(ports[0] ?? 0, (n) =>
      n === 0 ? { fault, afterBytes: 700_001 } : { fault: 'none', afterBytes: 0 },
    );
    const handle = lab.get([`mgp://127.0.0.1:${proxy.port}/file.bin`, fleet.url(2)]);
    await handle.done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
    expect(proxy.faults[0]).toBe(fault);
  });
});

describe.concurrent('a network on which most connections fail', () => {
  it.each([1, 2, 3])('brings the right bytes all the same (seed %i)', async (seed) => {
    await using lab = await DownloadLab.create();
    const file = lab.file('file.bin', size, seed);
    const fleet = await lab.serve(file.path, { servers: 3 });
    const urls: string[] = [];
    for (const { number, port } of fleet.handle.snapshot().servers) {
      const proxy = lab.use(await TcpFaultProxy.start(port, randomPlans(seed * 100 + number, 2 * mib)));
      urls.push(`mgp://127.0.0.1:${proxy.port}/file.bin`);
    }
    await lab.get(urls).done;
    expect(lab.written()?.equals(file.bytes)).toBe(true);
  });
});
