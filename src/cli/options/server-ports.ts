import { counted } from '../figures.js';
import { parseWhole } from './numbers.js';
import { portsMax } from './ports.js';
import { usageError } from './usage-error.js';

const countDefault = 4;
const firstPortDefault = 9001;

/** How many servers `text` asks for. */
export function parseServerCount(text: string): number {
  return parseWhole('-n', text, 1, portsMax);
}

/**
 * One port for each server of a fleet. A count alone takes the ports from 9001 up, ports alone are one server each,
 * a count with one port takes the ports from that one up (0: as many free ones).
 */
export function fitPorts(count: number | undefined, ports: readonly number[] | undefined): number[] {
  if (ports === undefined) return portsFrom(firstPortDefault, count ?? countDefault);
  const first = ports[0];
  if (count === undefined || count === ports.length) return [...ports];
  if (ports.length > 1 || first === undefined) {
    const [servers, named] = [counted(count, 'server'), `${ports.length} ports`];
    throw usageError(`-n asks for ${servers} but -p names ${named}: name one port for each, or the first port alone`);
  }
  return portsFrom(first, count);
}

function portsFrom(first: number, count: number): number[] {
  if (first !== 0 && first + count - 1 > 65535) {
    throw usageError(
      `${count} servers from port ${first} on would end above 65535: start at ${65536 - count} or lower`,
    );
  }
  return Array.from({ length: count }, (_, index) => (first === 0 ? 0 : first + index));
}
