import { Random } from '../support/random.js';
import { fluidBytes } from './rate-curve.js';
import {
  goodputOf,
  slotMs,
  steadySource,
  type SourceEvent,
  type SourceSpec,
  usualQueueBytes,
  type World,
} from './world.js';

const mib = 1024 * 1024;
const sizeBytesMax = 4096 * mib;

/** Below this nobody downloads from many servers, and a handshake is worth many per cent. */
const sumRateMin = goodputOf(4);
/** At the end the sources together deliver at least this share of their mean over the world's time. */
const endShareMin = 0.4;

/** What servers speak in a random world: mgp alone, or most of them HTTP. */
export type WorldKind = 'mgp' | 'http';

/**
 * The world of a seed: a mix of everything that servers and links do, of 5 to 60 s of ideal time. The same servers and
 * links in either kind, but for the file's size, which follows from what they can do.
 */
export function randomWorld(seed: number, kind: WorldKind = 'mgp'): World {
  const random = new Random(seed);
  for (;;) {
    const idealMs = random.logBetween(5000, 60_000);
    const drawn = draft(random, seed, idealMs);
    const world = kind === 'mgp' ? drawn : overHttp(drawn);
    const bytes = fluidBytes(world, idealMs);
    // Where nearly all of the speed goes away, the bound says how long what the handshakes cost takes at the end, and
    // nothing of how work is dealt out: such a world is drawn again.
    const endBytes = bytes - fluidBytes(world, 0.95 * idealMs);
    const sum = world.sources.reduce((s, source) => s + source.rate, 0);
    if (sum < sumRateMin || endBytes < 0.05 * bytes * endShareMin) continue;
    return { ...world, sizeBytes: Math.min(sizeBytesMax, Math.floor(bytes)) };
  }
}

function draft(random: Random, seed: number, idealMs: number): World {
  const count = Math.round(random.logBetween(1, 20));
  const centre = random.logBetween(4, 60);
  const spread = random.pick([1, 2, 5, 12]);
  const troubled = random.chance(0.5);
  const sources: SourceSpec[] = [];
  for (let i = 0; i < count; i += 1) {
    const rateMbit = Math.min(150, Math.max(0.2, centre * random.logBetween(1 / spread, spread)));
    sources.push(randomSource(random, rateMbit, troubled ? idealMs : undefined, i === 0));
  }
  if (random.chance(0.08)) sources.push(hopeless(random));
  const sum = sources.reduce((s, source) => s + source.rate, 0);
  return {
    name: `seed ${seed}`,
    seed,
    sizeBytes: 1,
    pieceBytes: mib,
    sources,
    clientRate: random.chance(0.15) ? sum * random.between(0.3, 0.95) : undefined,
    connectionsPerSourceMax: random.pick([8, 8, 16]),
    stepMs: 5,
  };
}

/** Of seven servers six speak HTTP; one of ten of those gives no ranges, and one of five answers one request at a time. */
function overHttp(world: World): World {
  const random = new Random(world.seed ^ 0x48545450);
  const sources = world.sources.map((source) => {
    const http = { ranges: random.chance(0.9), pipelines: random.chance(0.8) };
    return random.chance(1 / 7) ? source : { ...source, http };
  });
  return { ...world, name: `${world.name} over HTTP`, sources };
}

function randomSource(random: Random, rateMbit: number, troubleMs: number | undefined, stays: boolean): SourceSpec {
  const rate = goodputOf(rateMbit);
  // The steps of the simulation are 5 ms: a round trip is a multiple of two of them.
  const rttMs = Math.max(10, 10 * Math.round(random.logBetween(5, 250) / 10));
  const noisy = random.chance(0.25);
  const kind = random.next();
  const shaped = kind < 0.2;
  const lossy = kind > 0.9;
  const limited = kind > 0.2 && kind < 0.32;
  return {
    rate,
    rttMs,
    queueBytes: usualQueueBytes(rate, rttMs),
    shaped,
    connectionRateMax: limited ? rate / random.between(1.5, 6) : undefined,
    lossRate: lossy ? random.logBetween(0.0002, 0.01) : 0,
    noiseMs: noisy ? random.pick([200, 500, 1000]) : 0,
    noiseSpread: noisy ? random.between(0.05, 0.5) : 0,
    thinkMs: random.chance(0.1) ? random.between(5, 100) : 0,
    events: troubleMs === undefined ? [] : troubles(random, rate, troubleMs, stays),
  };
}

/** Of the sources of a troubled world 40% misbehave at some time: they change speed, stall, die, come back. One stays. */
function troubles(random: Random, rate: number, idealMs: number, stays: boolean): SourceEvent[] {
  if (!random.chance(0.4)) return [];
  const at = (low: number, high: number): number => Math.round((idealMs * random.between(low, high)) / slotMs) * slotMs;
  const first = at(0.02, 1);
  const kind = stays ? 0 : random.next();
  if (kind < 0.45) {
    const value = rate * random.logBetween(0.03, 3);
    const back: SourceEvent[] = random.chance(0.4) ? [{ atMs: first + at(0.1, 0.6), action: 'rate', value: rate }] : [];
    return [{ atMs: first, action: 'rate', value }, ...back];
  }
  if (kind < 0.65) {
    const back: SourceEvent[] = random.chance(0.5) ? [{ atMs: first + at(0.05, 0.5), action: 'go-on' }] : [];
    return [{ atMs: first, action: 'stall' }, ...back];
  }
  if (kind < 0.9) {
    const back: SourceEvent[] = random.chance(0.5) ? [{ atMs: first + at(0.1, 0.6), action: 'return' }] : [];
    return [{ atMs: first, action: 'die' }, ...back];
  }
  return [
    { atMs: 0, action: 'die' },
    { atMs: first, action: 'return' },
  ];
}

/** A source that is more of a burden than a help: very slow and far away, or accepting and never answering. */
function hopeless(random: Random): SourceSpec {
  const mute = random.chance(0.5);
  return { ...steadySource(goodputOf(0.2), 300), events: mute ? [{ atMs: 0, action: 'stall' }] : [] };
}
