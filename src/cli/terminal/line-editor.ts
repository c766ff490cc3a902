/** What a person types on one line of a raw terminal. Pure: keys in, line and actions out. */

type EditorAction =
  { readonly type: 'line'; readonly text: string } | { readonly type: 'interrupt' | 'end' | 'suspend' };

const lineCharsMax = 200;

export class LineEditor {
  #text = '';
  #lastLine = '';

  get text(): string {
    return this.#text;
  }

  /** Takes what the terminal sent (keys may come in bunches); returns what to do, in order. */
  push(chunk: string): EditorAction[] {
    const actions: EditorAction[] = [];
    // eslint-disable-next-line no-control-regex -- keys are control characters; escape sequences are one key each
    for (const [key] of chunk.matchAll(/\u001b[[O][0-9;]*[ -/]*[@-~]|\u001b.?|\r\n|[^]/gu)) {
      const action = this.#key(key);
      if (action !== undefined) actions.push(action);
    }
    return actions;
  }

  #key(key: string): EditorAction | undefined {
    switch (key) {
      case '\r':
      case '\n':
      case '\r\n': {
        const text = this.#text;
        if (text.trim() !== '') this.#lastLine = text;
        this.#text = '';
        return { type: 'line', text };
      }
      case '\u007f':
      case '\b':
        this.#text = [...this.#text].slice(0, -1).join('');
        return undefined;
      case '\u0015': // Ctrl-U
        this.#text = '';
        return undefined;
      case '\u0017': // Ctrl-W
        this.#text = this.#text.replace(/\S*\s*$/, '');
        return undefined;
      case '\u001b[A': // up
        this.#text = this.#lastLine;
        return undefined;
      case '\u0003': // Ctrl-C
        return { type: 'interrupt' };
      case '\u0004': // Ctrl-D
        return this.#text === '' ? { type: 'end' } : undefined;
      case '\u001a': // Ctrl-Z
        return { type: 'suspend' };
      default:
        if (!/^\p{C}/u.test(key) && this.#text.length < lineCharsMax) this.#text += key;
        return undefined;
    }
  }
}
