import { rmSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { diskFault } from '../../src/server/disk-fault.js';
import { frameType } from '../../src/wire/mgp-frame.js';
import { encodeMessage, readMessage } from '../../src/wire/mgp-messages.js';
import { RawMgpClient } from '../support/raw-mgp-client.js';
import { TempFolder, TestFleet } from '../support/test-fleet.js';

const MiB = 1024 * 1024;

describe('what a client hears of a disk that fails', () => {
  it('is what happened, and not where the file is', async () => {
    const error: unknown = await lstat('/no/such, lstat "folder"/a.bin').catch((thrown: unknown) => thrown);
    expect(diskFault(error)).toBe('the disk failed: ENOENT: no such file or directory');
    expect(diskFault(new Error('EIO: i/o error, read'))).toBe('the disk failed: EIO: i/o error, read');
  });

  it('is the same where its file cannot be hashed', async () => {
    await using temp = await TempFolder.create();
    // The one with less left is hashed first, so that the other one is gone before its turn.
    const paths = [await temp.sparse('a.bin', 256 * MiB), await temp.sparse('b.bin', 512 * MiB)];
    await using served = await TestFleet.start(paths);
    await using client = await RawMgpClient.connect(served.port());
    client.send(encodeMessage.stat(1, { name: 'a.bin', follow: true }));
    client.send(encodeMessage.stat(2, { name: 'b.bin', follow: true }));
    await client.take((frame) => frame.requestId === 2);
    rmSync(temp.join('b.bin'));
    const refusal = await client.take((frame) => frame.type === frameType.error && frame.requestId === 2);
    const { message } = readMessage.error(refusal.payload, 'server');
    expect(message).toContain('"b.bin" could not be hashed: ');
    expect(message).not.toContain(temp.join(''));
  });
});
