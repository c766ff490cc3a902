/**
 * The file name in a Content-Disposition header (RFC 6266), `filename*` (RFC 8187) before `filename`; undefined where
 * there is none. What comes out is what the server wrote: whoever makes a path of it makes it harmless first.
 */
export function dispositionFileName(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const parameters = readParameters(value);
  const extended = parameters.get('filename*');
  const decoded = extended === undefined ? undefined : decodeExtended(extended);
  if (decoded !== undefined && decoded !== '') return decoded;
  const plain = parameters.get('filename');
  return plain === undefined || plain === '' ? undefined : asUtf8(plain);
}

/** Parameters by name in lower case, the first of each; quoted ones without their quotes. */
function readParameters(value: string): Map<string, string> {
  const parameters = new Map<string, string>();
  const pattern = /;\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*))/g;
  for (const match of value.matchAll(pattern)) {
    const name = (match[1] ?? '').toLowerCase();
    const text = match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '';
    if (!parameters.has(name)) parameters.set(name, text);
  }
  return parameters;
}

/** `UTF-8'en'na%C3%AFve.txt`, or the same in ISO-8859-1; undefined where it is malformed. */
function decodeExtended(value: string): string | undefined {
  const match = /^(utf-8|iso-8859-1)'[^']*'(.*)$/i.exec(value);
  if (match?.[2] === undefined) return undefined;
  const bytes = match[2].replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return match[1]?.toLowerCase() === 'utf-8' ? fromUtf8(bytes) : bytes;
}

/** Header bytes are read one to a character; many servers mean UTF-8 nevertheless. */
function asUtf8(text: string): string {
  return fromUtf8(text) ?? text;
}

function fromUtf8(bytes: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
  } catch {
    // Not UTF-8: the caller knows what else it can be.
    return undefined;
  }
}
