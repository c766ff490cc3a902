import { SaxesParser, type SaxesTagNS } from 'saxes';
import { ManygetError, type ErrorCode } from '../base/errors.js';
import type { Manifest, ManifestDocument } from '../base/manifest.js';
import { printable } from '../base/printable.js';
import { MetalinkFile, type Attributes, type MetalinkTrouble } from './metalink-file.js';
import { metalinkLimits as limits } from './metalink-limits.js';
import { checkedName } from './safe-name.js';
import { messageOf } from '../base/message-of.js';

/**
 * Metalink documents, version 4 (RFC 5854) and 3 (metalinker.org). Sans-I/O: bytes go in, one document comes out.
 * What could make a reader fetch, expand or overwrite something is refused: DOCTYPE, unsafe names, sizes beyond
 * `metalinkLimits`. Torrents, signatures and unknown hashes are left out, and told.
 */
const namespace4 = 'urn:ietf:params:xml:ns:metalink';
const namespace3 = 'http://www.metalinker.org/';

/** Elements of version 3 that only hold others: what is in them counts as directly in the file. */
const transparent: ReadonlySet<string> = new Set(['files', 'verification', 'resources']);
/** Elements whose text is wanted, by the names on the way to them. */
const leaves: ReadonlySet<string> = new Set(
  ['size', 'hash', 'url', 'pieces/hash'].map((inner) => `metalink/file/${inner}`),
);

interface Leaf {
  readonly path: string;
  readonly depth: number;
  readonly attributes: Attributes;
}

/**
 * Invariants: `#path` has one entry for each open element, '' for one that does not count; `#foreignDepth` is the depth
 * of the outermost open element of another namespace, in which nothing counts.
 */
export class MetalinkParser {
  readonly #origin: string;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true });
  readonly #xml = new SaxesParser({ xmlns: true });
  readonly #trouble: MetalinkTrouble;
  readonly #path: string[] = [];
  readonly #files = new Map<string, Manifest>();
  readonly #notices = new Set<string>();
  #namespace: string | undefined;
  #foreignDepth: number | undefined;
  #file: MetalinkFile | undefined;
  #leaf: Leaf | undefined;
  #text = '';
  #bytes = 0;
  #pieces = 0;

  /** @param origin What the document is, for messages: a path or an address. */
  constructor(origin: string) {
    this.#origin = `metalink "${printable(origin)}"`;
    this.#trouble = {
      malformed: (sentence) => this.#fail('manifest-malformed', sentence),
      refused: (sentence) => this.#fail('manifest-refused', sentence),
      notice: (sentence) => this.#notice(sentence),
      countPiece: () => {
        this.#pieces += 1;
        this.#limit(this.#pieces, limits.piecesMax, 'piece hashes');
      },
    };
    this.#xml.on('xmldecl', ({ encoding }) => this.#checkEncoding(encoding));
    this.#xml.on('doctype', () =>
      this.#fail('manifest-refused', 'has a DOCTYPE, which could expand without bound or fetch other files'),
    );
    this.#xml.on('opentag', (tag) => this.#open(tag));
    this.#xml.on('text', (text) => this.#addText(text));
    this.#xml.on('cdata', (text) => this.#addText(text));
    this.#xml.on('closetag', () => this.#close());
  }

  /** @throws ManygetError `manifest-malformed` or `manifest-refused`; nothing may be pushed after that. */
  push(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    this.#limit(this.#bytes, limits.bytesMax, 'bytes');
    this.#write(() => this.#utf8.decode(bytes, { stream: true }));
  }

  /** All bytes were pushed. @throws ManygetError as `push`. */
  end(): ManifestDocument {
    this.#write(() => this.#utf8.decode());
    this.#guard(() => this.#xml.close());
    if (this.#files.size === 0) this.#fail('manifest-malformed', 'holds no file');
    return { files: [...this.#files.values()], notices: [...this.#notices] };
  }

  #write(decode: () => string): void {
    let text: string;
    try {
      text = decode();
    } catch (cause) {
      throw new ManygetError('manifest-malformed', `${this.#origin} is not UTF-8`, { cause });
    }
    if (text !== '') this.#guard(() => this.#xml.write(text));
  }

  /** What saxes throws has the place in it: "3:7: unclosed tag: b". */
  #guard(run: () => void): void {
    try {
      run();
    } catch (cause) {
      if (cause instanceof ManygetError) throw cause;
      const said = messageOf(cause);
      throw new ManygetError('manifest-malformed', `${this.#origin} is not well-formed XML: ${printable(said)}`, {
        cause,
      });
    }
  }

  #checkEncoding(encoding: string | undefined): void {
    if (encoding === undefined || /^(utf-?8|us-ascii)$/i.test(encoding)) return;
    this.#fail('manifest-malformed', `is in the encoding ${printable(encoding, 40)}, expected UTF-8`);
  }

  #open(tag: SaxesTagNS): void {
    this.#limit(this.#path.length + 1, limits.depthMax, 'elements within each other');
    if (this.#namespace === undefined) this.#openRoot(tag);
    const foreign = tag.uri !== this.#namespace;
    if (foreign) this.#foreignDepth ??= this.#path.length;
    const counts = !(this.#isVersion3 && transparent.has(tag.local));
    this.#path.push(counts ? tag.local : '');
    if (this.#foreignDepth !== undefined || !counts) return;
    const path = this.#path.filter((name) => name !== '').join('/');
    if (leaves.has(path) && this.#leaf === undefined) {
      this.#leaf = { path, depth: this.#path.length, attributes: plainAttributes(tag) };
      this.#text = '';
      return;
    }
    this.#openContainer(path, plainAttributes(tag));
  }

  #openRoot(tag: SaxesTagNS): void {
    if (tag.local !== 'metalink' || (tag.uri !== namespace4 && tag.uri !== namespace3)) {
      this.#fail(
        'manifest-malformed',
        `begins with <${printable(tag.name, 40)}> of the namespace "${printable(tag.uri, 80)}", expected <metalink> of "${namespace4}"`,
      );
    }
    this.#namespace = tag.uri;
  }

  #openContainer(path: string, attributes: Attributes): void {
    switch (path) {
      case 'metalink/file':
        this.#openFile(attributes['name'] ?? '');
        return;
      case 'metalink/file/pieces':
        this.#file?.openPieces(attributes);
        return;
      case 'metalink/file/metaurl':
        this.#notice('torrents are left out');
        return;
      case 'metalink/file/signature':
        this.#notice('a signature is not checked');
        return;
    }
  }

  #openFile(name: string): void {
    this.#limit(this.#files.size + 1, limits.filesMax, 'files');
    const checked = checkedName(name, this.#origin);
    if (this.#files.has(checked)) this.#fail('manifest-malformed', `names the file "${printable(name)}" twice`);
    this.#file = new MetalinkFile(checked, this.#trouble);
  }

  #addText(text: string): void {
    if (this.#leaf?.depth !== this.#path.length) return;
    this.#text += text;
    this.#limit(this.#text.length, limits.textCharsMax, `characters in one <${this.#path.at(-1) ?? ''}>`);
  }

  #close(): void {
    const depth = this.#path.length;
    if (this.#leaf?.depth === depth) this.#closeLeaf(this.#leaf);
    const local = this.#path.pop();
    if (this.#foreignDepth === this.#path.length) this.#foreignDepth = undefined;
    else if (this.#foreignDepth === undefined && local === 'file' && this.#isFileLevel(depth)) this.#closeFile();
  }

  /** True for the element that `#openFile` began: <file> right within <metalink>. */
  #isFileLevel(depth: number): boolean {
    return this.#path.slice(0, depth - 1).filter((name) => name !== '').length === 1;
  }

  #closeFile(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#files.set(file.name, file.finish());
    this.#file = undefined;
  }

  #closeLeaf({ path, attributes }: Leaf): void {
    const text = this.#text.trim();
    this.#leaf = undefined;
    this.#text = '';
    switch (path) {
      case 'metalink/file/size':
        this.#file?.size(text);
        return;
      case 'metalink/file/hash':
        this.#file?.hash(attributes, text);
        return;
      case 'metalink/file/pieces/hash':
        this.#file?.pieceHash(attributes, text);
        return;
      case 'metalink/file/url':
        this.#closeUrl(attributes, text);
        return;
    }
  }

  #closeUrl(attributes: Attributes, text: string): void {
    const { location } = attributes;
    if (!this.#isVersion3) {
      this.#file?.source(text, wholeNumber(attributes['priority'], 1, 999_999), location);
      return;
    }
    if (attributes['type'] === 'bittorrent' || /\.torrent$/i.test(text)) {
      this.#notice('torrents are left out');
      return;
    }
    const preference = wholeNumber(attributes['preference'], 0, 100);
    this.#file?.source(text, preference === undefined ? undefined : 101 - preference, location);
  }

  get #isVersion3(): boolean {
    return this.#namespace === namespace3;
  }

  #limit(value: number, max: number, what: string): void {
    if (value > max) this.#fail('manifest-refused', `has more than ${max} ${what}`);
  }

  #notice(sentence: string): void {
    if (this.#notices.size < limits.noticesMax) this.#notices.add(`${this.#origin}: ${sentence}`);
  }

  #fail(code: ErrorCode, sentence: string): never {
    throw new ManygetError(code, `${this.#origin} ${sentence} (line ${this.#xml.line})`);
  }
}

/** One whole document. @throws ManygetError `manifest-malformed` or `manifest-refused`. */
export function parseMetalink(bytes: Uint8Array, origin: string): ManifestDocument {
  const parser = new MetalinkParser(origin);
  parser.push(bytes);
  return parser.end();
}

/** Attributes that belong to the element's own vocabulary: those without a prefix. */
function plainAttributes(tag: SaxesTagNS): Attributes {
  const attributes: Record<string, string> = {};
  for (const { local, prefix, value } of Object.values(tag.attributes)) if (prefix === '') attributes[local] = value;
  return attributes;
}

function wholeNumber(text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined || !/^\d{1,6}$/.test(text.trim())) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}
