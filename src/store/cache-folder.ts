import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where things are kept that can be made again: `$XDG_CACHE_HOME/manyget` or `~/.cache/manyget`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const xdg = env['XDG_CACHE_HOME'];
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), '.cache');
  return join(base, 'manyget');
}
