import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PartsShape } from '../../src/wire/http-parts-shape.js';

const texts = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)), maxLength: 20 });
const parts = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 ** 50 }), texts), { minLength: 1, maxLength: 6 });

function rangesOf(list: readonly (readonly [number, string])[]): { start: number; end: number }[] {
  return list.map(([start, text]) => ({ start, end: start + Math.max(1, text.length) }));
}

/** As a server writes it. */
function bodyOf(
  list: readonly (readonly [number, string])[],
  boundary: string,
  how: { lead: string; lines: string; end: string },
): string {
  const ranges = rangesOf(list);
  const all = list.map(([, text], i) => {
    const { start = 0, end = 0 } = ranges[i] ?? {};
    return `--${boundary}\r\n${how.lines}Content-Range: bytes ${start}-${end - 1}/${2 ** 51}\r\n\r\n${text}\r\n`;
  });
  return `${how.lead}${all.join('')}--${boundary}--${how.end}`;
}

const how = fc.record({
  lead: fc.constantFrom('', '\r\n', '\r\n\r\n'),
  lines: fc.constantFrom('', 'Content-Type: application/octet-stream\r\n', 'content-type:a/b\r\nX-Other: 1-2/3\r\n'),
  end: fc.constantFrom('', '\r\n'),
});

describe('the shape of a server’s answers', () => {
  it('learned from one answer, writes the next one down before it comes, under another boundary as well', () => {
    fc.assert(
      fc.property(parts, parts, how, (first, next, way) => {
        const shape = PartsShape.learn(
          bodyOf(first, '00017', way),
          '00017',
          rangesOf(first),
          first.map(([, text]) => text),
        );
        const written = shape?.write(
          '00018',
          rangesOf(next),
          next.map(([, text]) => text),
        );
        expect(written).toBe(bodyOf(next, '00018', way));
      }),
    );
  });

  it('is not believed where it does not bring back the answer that it was learned from', () => {
    const list = [
      [0, 'one'],
      [100, 'two'],
    ] as const;
    const body = bodyOf(list, 'b', { lead: '\r\n', lines: '', end: '\r\n' });
    const learn = (text: string): PartsShape | undefined => PartsShape.learn(text, 'b', rangesOf(list), ['one', 'two']);
    expect(learn(body)).toBeDefined();
    expect(learn(body.replace('Content-Range: bytes 100', 'X-Other: y\r\nContent-Range: bytes 100'))).toBeUndefined();
    expect(learn(body.replace('two', 'twO'))).toBeUndefined();
    expect(learn(body.slice(1))).toBeDefined();
    for (let cut = 2; cut < body.length; cut += 1) expect(learn(body.slice(0, cut))?.write('b', [], [])).not.toBe(body);
    expect(learn('')).toBeUndefined();
  });

  it('says another thing for every other byte', () => {
    const list = [[5, 'sixteen bytes...']] as const;
    const body = bodyOf(list, 'b', { lead: '', lines: '', end: '\r\n' });
    const shape = PartsShape.learn(body, 'b', rangesOf(list), ['sixteen bytes...']);
    expect(shape?.write('b', rangesOf(list), ['sixteen bytes..!'])).not.toBe(body);
    expect(shape?.write('b', [{ start: 6, end: 22 }], ['sixteen bytes...'])).not.toBe(body);
  });
});
