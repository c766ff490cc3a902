import { printable } from '../../base/printable.js';
import { usageError } from './usage-error.js';

/** More ports than this in one command are a slip of the keyboard. */
export const portsMax = 256;

/**
 * Ports named by `text`: "9001", "9001,9007", "9001-9004", or a mix. `portMin` is 0 where 0 means a free port, else 1.
 * A port named twice is refused, 0 excepted.
 */
export function parsePorts(text: string, portMin: 0 | 1): number[] {
  const ports: number[] = [];
  for (const item of text.split(',')) {
    for (const port of parseItem(item.trim(), text, portMin)) {
      if (port !== 0 && ports.includes(port)) throw usageError(`-p names port ${port} twice: each server has its own`);
      ports.push(port);
      if (ports.length > portsMax)
        throw usageError(`-p takes at most ${portsMax} ports, "${printable(text, 40)}" has more`);
    }
  }
  return ports;
}

function parseItem(item: string, text: string, portMin: 0 | 1): number[] {
  const match = /^(\d{1,6})(?:\s*-\s*(\d{1,6}))?$/.exec(item);
  if (match?.[1] === undefined) {
    throw usageError(`-p takes ports as 9001-9004 or 9001,9007, not "${printable(text, 40)}"`);
  }
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  for (const port of [first, last]) {
    if (port < portMin || port > 65535) throw usageError(`-p takes ports from ${portMin} to 65535, not ${port}`);
  }
  if (last < first) throw usageError(`-p ${first}-${last} runs backwards: write ${last}-${first}`);
  const count = Math.min(last - first + 1, portsMax + 1);
  return Array.from({ length: count }, (_, index) => first + index);
}

/** `ports` as a command line has them, runs of neighbours as ranges: "9001-9004,9010". */
export function formatPorts(ports: readonly number[]): string {
  const items: string[] = [];
  for (let at = 0; at < ports.length;) {
    const first = ports[at] ?? 0;
    let length = 1;
    while (first !== 0 && ports[at + length] === first + length) length += 1;
    items.push(length === 1 ? String(first) : `${first}-${first + length - 1}`);
    at += length;
  }
  return items.join(',');
}
