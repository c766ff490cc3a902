import type { Finding, RepoFile } from './source-file.js';

/**
 * What ties a file to one machine: absolute paths of somebody's disk and the hosts that packages happen to be fetched
 * from. The patterns are put together from pieces, so that this file is not its own finding.
 */
const roots = ['work', 'root', 'mnt', 'private'];
const homes = ['home', 'Users'];
const machinePath = new RegExp(`(?<![\\w.~*-])/(?:(?:${roots.join('|')})/[\\w.]|(?:${homes.join('|')})/[\\w.-]+/)`);
const driveOfUser = new RegExp(['[A-Za-z]:', 'Users', '\\w'].join('[\\\\/]+'));
const registryHosts = [
  ['registry', 'npmjs', 'org'],
  ['registry', 'yarnpkg', 'com'],
  ['registry', 'npmmirror', 'com'],
  ['npm', 'pkg', 'github', 'com'],
].map((pieces) => pieces.join('.'));

/** @param extraHosts Hosts that this very machine fetches packages from. */
export function placeFindings(file: RepoFile, extraHosts: readonly string[] = []): Finding[] {
  const hosts = [...registryHosts, ...extraHosts];
  return file.text.split('\n').flatMap((line, i) => {
    const at = `${file.path}:${i + 1}`;
    const path = machinePath.exec(line) ?? driveOfUser.exec(line);
    if (path !== null) return [`${at}: a path of one machine, "${path[0]}…"`];
    const host = hosts.find((name) => line.includes(name));
    return host === undefined ? [] : [`${at}: names the package registry ${host}`];
  });
}

/** The host that packages come from here, where it is a name and not this machine itself. */
export function configuredRegistryHosts(registry: string | undefined): string[] {
  if (registry === undefined || !URL.canParse(registry)) return [];
  const { hostname } = new URL(registry);
  return /^(?:localhost|[\d.]+|\[.*\])$/.test(hostname) ? [] : [hostname];
}

/** A lock file that says from where each package was fetched ties everybody to that place. */
export function lockFindings(file: RepoFile): Finding[] {
  const lock = JSON.parse(file.text) as { packages?: Record<string, { resolved?: unknown }> };
  return Object.entries(lock.packages ?? {})
    .filter(([, entry]) => entry.resolved !== undefined)
    .map(([name]) => `${file.path}: ${name} has a "resolved" address; install with the repository's .npmrc`);
}
