import { ManygetError } from '../../base/errors.js';
import { hostAndPort } from '../../base/host-name.js';
import { lastPart } from '../../base/last-part.js';
import { printable } from '../../base/printable.js';
import { formatMgpUrl, type MgpAddress } from '../../base/mgp-address.js';
import type { ConnectionHandler, ListedFile, Source, SourceConnection, SourceInfo } from '../source.js';
import { MgpConnection } from './mgp-connection.js';
import type { MgpIdentity } from './mgp-dial.js';
import { MgpFacts } from './mgp-facts.js';
import { listFiles } from './mgp-list.js';
import { statFile } from './mgp-stat.js';
import { parseMgpUrl } from './mgp-url.js';

/** A file on a server that speaks mgp/1. */
export class MgpSource implements Source {
  readonly url: string;
  readonly label: string;
  readonly fileName: string;
  readonly willHash = true;
  readonly mayBeRenamed = false;
  readonly #address: MgpAddress;
  readonly #identity: MgpIdentity;
  readonly #facts = new MgpFacts();

  /** @throws ManygetError `usage`: not an mgp URL with a name. */
  constructor(url: string, identity: MgpIdentity) {
    this.#address = parseMgpUrl(url);
    if (this.#address.name === '') {
      throw new ManygetError('usage', `source "${printable(url)}" names no file, expected mgp://HOST:PORT/NAME`);
    }
    this.#identity = identity;
    this.url = formatMgpUrl(this.#address);
    this.label = hostAndPort(this.#address.host, this.#address.port);
    this.fileName = lastPart(this.#address.name);
  }

  connect(handler: ConnectionHandler, options: { readonly connectTimeoutMs: number }): SourceConnection {
    return new MgpConnection(this.#address, this.#identity, handler, options.connectTimeoutMs, this.#facts);
  }

  statAnew(options: { readonly connectTimeoutMs: number }): Promise<SourceInfo | undefined> {
    return statFile(this.#address, this.#identity, options.connectTimeoutMs);
  }

  list(options: { readonly connectTimeoutMs: number }): Promise<readonly ListedFile[]> {
    return listFiles(this.#address, this.#identity, options.connectTimeoutMs);
  }
}
