/**
 * Text from outside (names, addresses, messages of servers) made harmless for a terminal or a log: control characters,
 * escapes and bidirectional overrides become visible `\u{..}`, and the length is bounded.
 */
// eslint-disable-next-line no-control-regex -- these are the very characters to be shown as text
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udfff]/gu;

/** `text` on one line, without anything that moves a cursor; at most `charsMax` characters, cut with "…". */
export function printable(text: string, charsMax = 300): string {
  const clean = text.replace(unprintable, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
  if (clean.length <= charsMax) return clean;
  // A cut through a surrogate pair would leave a half that is no character.
  return `${clean.slice(0, charsMax - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
