import { ManygetError } from '../../base/errors.js';
import type { MgpAddress } from '../../base/mgp-address.js';
import type { ConnectionHandler, SourceInfo } from '../source.js';
import { MgpConnection } from './mgp-connection.js';
import type { MgpIdentity } from './mgp-dial.js';

/** What a server says of the file now, on a connection of its own; undefined where none comes about within `timeoutMs`. */
export function statFile(
  address: MgpAddress,
  identity: MgpIdentity,
  timeoutMs: number,
): Promise<SourceInfo | undefined> {
  return new Promise((resolve) => {
    const ready = (info: SourceInfo): void => {
      resolve(info);
      connection.close(new ManygetError('aborted', 'asked for the facts alone'));
    };
    const closed = (): void => resolve(undefined);
    const connection = new MgpConnection(address, identity, new FactsListener(ready, closed), timeoutMs);
  });
}

/** Hears what the file is, and asks for none of it. */
class FactsListener implements ConnectionHandler {
  readonly ready: (info: SourceInfo) => void;
  readonly closed: () => void;

  constructor(ready: (info: SourceInfo) => void, closed: () => void) {
    this.ready = ready;
    this.closed = closed;
  }

  dataTarget(): undefined {
    return undefined;
  }

  maySkip(): number {
    return 0;
  }

  connected(): void {}
  unsized(): void {}
  infoChanged(): void {}
  dataStart(): void {}
  dataFilled(): void {}
  skipped(): void {}
  segmentEnded(): void {}
  hashes(): void {}
  hashesRefused(): void {}
  alive(): void {}
}
