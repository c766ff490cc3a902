const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const space = /[ \t]*/y;
// eslint-disable-next-line no-control-regex -- these are the very characters that a quoted string must not hold
const quoted = /"((?:[^"\\\u0000-\u0008\u000a-\u001f\u007f]|\\[\t\u0020-\u007e\u0080-\u00ff])*)"/y;

/**
 * Reads the value of a header field by the rules that most of them share (RFC 9110 5.6): lists, tokens, quoted strings,
 * parameters. Invariant: `#at` is behind all that was understood.
 */
export class HttpFieldReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  skipSpace(): void {
    this.take(space);
  }

  /** Goes over space and commas to the next element of a list: a list may have empty ones. */
  skipToElement(): void {
    do this.skipSpace();
    while (this.is(','));
  }

  /** Takes that character, where it is the next one. */
  is(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  /** Takes what a sticky pattern matches here. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  token(): string | undefined {
    return this.take(token)?.[0];
  }

  /** A token, or what a quoted string says. */
  word(): string | undefined {
    const text = this.take(quoted)?.[1];
    return text === undefined ? this.token() : text.replace(/\\(.)/gs, '$1');
  }
}
