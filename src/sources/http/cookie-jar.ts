import { cookieMatches, parseSetCookie, type Cookie } from '../../wire/http-cookies.js';

/** Cookies kept at the most; the oldest go. */
const cookiesMax = 300;
const headerBytesMax = 8 * 1024;

/** The cookies of one download: those that the user gave, and those that servers set on the way. Never written back. */
export class CookieJar {
  readonly #nowMs: () => number;
  readonly #cookies: Cookie[];

  constructor(given: readonly Cookie[], nowMs: () => number) {
    this.#cookies = [...given];
    this.#nowMs = nowMs;
  }

  /** Takes the Set-Cookie lines of an answer of `url`. */
  take(url: URL, lines: readonly string[]): void {
    for (const line of lines) {
      const cookie = parseSetCookie(line, url, this.#nowMs());
      if (cookie === undefined) continue;
      const same = this.#cookies.findIndex(
        (c) => c.name === cookie.name && c.domain === cookie.domain && c.path === cookie.path,
      );
      if (same >= 0) this.#cookies.splice(same, 1);
      this.#cookies.push(cookie);
      if (this.#cookies.length > cookiesMax) this.#cookies.shift();
    }
  }

  /** The value of a Cookie header for `url`; undefined where there is nothing to send. The longest paths come first. */
  header(url: URL): string | undefined {
    const nowMs = this.#nowMs();
    const fitting = this.#cookies.filter((cookie) => cookieMatches(cookie, url, nowMs));
    fitting.sort((a, b) => b.path.length - a.path.length);
    let text = '';
    for (const { name, value } of fitting) {
      const next = text === '' ? `${name}=${value}` : `${text}; ${name}=${value}`;
      if (next.length > headerBytesMax) break;
      text = next;
    }
    return text === '' ? undefined : text;
  }
}
