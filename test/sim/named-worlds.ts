import { goodputOf, steadySource, type SourceEvent, type SourceSpec, type World } from './world.js';

const mib = 1024 * 1024;

interface LinkFacts {
  readonly mbit: number;
  readonly rttMs: number;
  readonly lossRate?: number;
  readonly events?: readonly SourceEvent[];
}

function source({ mbit, rttMs, lossRate = 0, events = [] }: LinkFacts): SourceSpec {
  return { ...steadySource(goodputOf(mbit), rttMs), lossRate, events };
}

function world(name: string, sizeMib: number, links: readonly LinkFacts[], more: Partial<World> = {}): World {
  return {
    name,
    seed: 1,
    sizeBytes: sizeMib * mib,
    pieceBytes: mib,
    sources: links.map(source),
    clientRate: undefined,
    connectionsPerSourceMax: 16,
    stepMs: 5,
    ...more,
  };
}

function four(mbit: number, rttMs: number, second: readonly SourceEvent[] = []): LinkFacts[] {
  return [0, 1, 2, 3].map((i) => ({ mbit, rttMs, events: i === 1 ? second : [] }));
}

const many = [
  ...[
    [4.1, 116],
    [3.0, 86],
    [2.6, 33],
    [49.9, 29],
    [15.8, 58],
    [8.6, 62],
    [3.7, 101],
    [2.7, 32],
  ],
  ...[
    [2.1, 36],
    [7.4, 109],
    [6.8, 18],
    [4.6, 119],
    [2.5, 76],
    [6.7, 81],
    [5.9, 84],
    [9.9, 80],
  ],
].map(([mbit = 0, rttMs = 0]) => ({ mbit, rttMs }));

const hetero = [
  [100, 10],
  [50, 20],
  [20, 40],
  [5, 80],
  [1, 150],
].map(([mbit = 0, rttMs = 0]) => ({ mbit, rttMs }));

/** The scenarios that are also measured over shaped links, as worlds of the simulator. */
export const namedWorlds: readonly World[] = [
  world('01-equal', 256, four(50, 20)),
  world('02-hetero', 224, hetero),
  world('03-long-fat', 384, [
    { mbit: 100, rttMs: 100 },
    { mbit: 100, rttMs: 150 },
    { mbit: 100, rttMs: 200 },
  ]),
  world('04-one-dies', 224, four(50, 20, [{ atMs: 4000, action: 'die' }])),
  world('05-one-stalls', 224, four(50, 20, [{ atMs: 4000, action: 'stall' }])),
  world('06-slows', 224, four(50, 20, [{ atMs: 5000, action: 'rate', value: goodputOf(0.5) }])),
  world('07-late-tail', 48, [
    { mbit: 90, rttMs: 20 },
    { mbit: 10, rttMs: 20 },
  ]),
  world('08-many', 176, many),
  world(
    '09-lossy',
    256,
    [0, 1, 2, 3].map(() => ({ mbit: 50, rttMs: 40, lossRate: 0.01 })),
  ),
  world(
    '10-client-bound',
    128,
    Array.from({ length: 8 }, () => ({ mbit: 50, rttMs: 20 })),
    {
      clientRate: (100e6 * 1448) / 1514 / 8,
    },
  ),
  world('11-one-fast', 512, [{ mbit: 400, rttMs: 5 }]),
  world('12-slow-only', 2, [
    { mbit: 1, rttMs: 200 },
    { mbit: 2, rttMs: 120 },
  ]),
  world(
    '13-dies-returns',
    224,
    four(50, 20, [
      { atMs: 3000, action: 'die' },
      { atMs: 7000, action: 'return' },
    ]),
  ),
];

const additions: Readonly<Record<string, LinkFacts>> = {
  slow: { mbit: 0.2, rttMs: 300 },
  mute: { mbit: 50, rttMs: 20, events: [{ atMs: 0, action: 'stall' }] },
  stuck: { mbit: 50, rttMs: 20, events: [{ atMs: 100, action: 'stall' }] },
};

/** `base` with one more source that is no help: it may not make the download slower. */
export function withBurden(base: World, kind: 'slow' | 'mute' | 'stuck'): World {
  const facts = additions[kind];
  if (facts === undefined) throw new Error(`no burden ${kind}`);
  return { ...base, name: `${base.name}+${kind}`, sources: [...base.sources, source(facts)] };
}

/** `base` with all its servers over HTTP: what was asked for cannot be cut short there. */
export function overHttp(base: World): World {
  const sources = base.sources.map((s) => ({ ...s, http: { ranges: true, pipelines: true } }));
  return { ...base, name: `${base.name} over HTTP`, sources };
}

/** A world by its name, "02-hetero+slow" included. */
export function namedWorld(name: string): World | undefined {
  const [first = '', burden] = name.split('+');
  const base = namedWorlds.find((w) => w.name === first || w.name.startsWith(`${first}-`));
  if (base === undefined || burden === undefined) return base;
  return burden === 'slow' || burden === 'mute' || burden === 'stuck' ? withBurden(base, burden) : undefined;
}
