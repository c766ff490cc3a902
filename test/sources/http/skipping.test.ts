import { describe, expect, test } from 'vitest';
import { HttpDelivery } from '../../../src/sources/http/http-delivery.js';
import { RecordingHandler } from '../../support/recording-handler.js';

const mib = 1024 * 1024;

/** A whole file of 4 MiB that comes, of which the second MiB is wanted. */
function wholeFile(handler: RecordingHandler): HttpDelivery {
  const delivery = new HttpDelivery(handler, () => undefined);
  delivery.add(1, mib, 2 * mib);
  delivery.begin({ position: 0, end: 4 * mib, order: undefined, whole: true });
  return delivery;
}

describe('what a server without ranges sends before the bytes that are wanted', () => {
  test('is told as it goes by, and is nobody’s', () => {
    const handler = new RecordingHandler(4 * mib);
    const delivery = wholeFile(handler);
    while (handler.passed < mib) expect(delivery.filled(delivery.target(64 * 1024)?.length ?? 0)).toBe(false);
    expect([handler.skippedBytes, handler.receivedBytes]).toEqual([mib, 0]);
    expect(delivery.filled(delivery.target(1000)?.length ?? 0)).toBe(true);
    expect([handler.skippedBytes, handler.receivedBytes]).toEqual([mib, 1000]);
  });

  test('is read only as fast as the limits of the download allow', () => {
    const handler = new RecordingHandler(4 * mib);
    const delivery = wholeFile(handler);
    handler.skipBytesMax = 1000;
    expect(delivery.target(64 * 1024)?.length).toBe(1000);
    handler.skipBytesMax = 0;
    expect(delivery.target(64 * 1024)).toBeUndefined();
  });
});
