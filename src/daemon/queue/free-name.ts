import { existsSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';

const triesMax = 9999;

/** `path`, or where that is taken the first of "name.1.ext", "name.2.ext" that is free, as aria2 names them. */
export function freeName(path: string): string | undefined {
  const { name, ext } = parse(path);
  for (let n = 1; n <= triesMax; n += 1) {
    const candidate = join(dirname(path), `${name}.${n}${ext}`);
    if (!existsSync(candidate) && !existsSync(`${candidate}.part`)) return candidate;
  }
  return undefined;
}
