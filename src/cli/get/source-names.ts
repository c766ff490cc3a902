import { printable } from '../../base/printable.js';
import type { SourceNames } from './event-sentence.js';

interface Labelled {
  readonly id: number;
  readonly label: string;
}

/** The label of each source; where all are on one host, and `short` is asked for, its port alone (":9001"). */
export function sourceNames(sources: readonly Labelled[], short: boolean): SourceNames {
  const labels = new Map(sources.map((source) => [source.id, printable(source.label, 80)]));
  const hosts = new Set([...labels.values()].map((label) => label.replace(/:\d+$/, '')));
  const ports = new Set(labels.values());
  const portOnly = short && hosts.size === 1 && sources.length > 1 && ports.size === sources.length;
  const full = (id: number): string => labels.get(id) ?? `server ${id + 1}`;
  return {
    full,
    short: (id) => (portOnly ? (/:\d+$/.exec(full(id))?.[0] ?? full(id)) : full(id)),
  };
}
