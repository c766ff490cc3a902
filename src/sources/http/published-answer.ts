import type { FileHashes } from '../../base/manifest.js';
import type { HttpHeaders } from '../../wire/http-head.js';
import { readHashes, readPublication } from '../../wire/http-link.js';
import type { PublishedFacts } from '../source.js';

/** What one answer publishes of its file. Its links are read when somebody asks for them: of many sources few are asked. */
export class PublishedAnswer implements PublishedFacts {
  readonly hashes: FileHashes;
  readonly publicOnly: boolean;
  readonly isSecure: boolean;
  readonly #headers: HttpHeaders;
  readonly #at: URL;
  #links: ReturnType<typeof readPublication> | undefined;

  /** @param at Where it is an answer of. */
  constructor(headers: HttpHeaders, at: URL, publicOnly: boolean) {
    this.hashes = readHashes(headers);
    this.publicOnly = publicOnly;
    this.isSecure = at.protocol === 'https:';
    this.#headers = headers;
    this.#at = at;
  }

  get mirrors(): readonly string[] {
    return this.#read().duplicates.map((link) => link.url.href);
  }

  get manifestUrl(): string | undefined {
    return this.#read().manifest?.href;
  }

  get manifestPieceBytes(): number | undefined {
    return this.#read().manifestPieceBytes;
  }

  #read(): ReturnType<typeof readPublication> {
    this.#links ??= readPublication(this.#headers, this.#at);
    return this.#links;
  }
}
