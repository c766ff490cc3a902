import { Random } from '../support/random.js';
import { slotMs, type SourceSpec, type World } from './world.js';

/** What one source's server and link could deliver, slot by slot, and whether its server is there. */
export class RateCurve {
  readonly #spec: SourceSpec;
  readonly #random: Random;
  readonly #link: number[] = [];
  readonly #state: ('up' | 'stalled' | 'down')[] = [];
  #rate: number;
  #current: 'up' | 'stalled' | 'down' = 'up';
  #factor = 1;
  #nextNoiseMs = 0;
  #nextEvent = 0;

  constructor(world: World, index: number) {
    const spec = world.sources[index];
    if (spec === undefined) throw new Error(`the world has no source ${index}`);
    this.#spec = spec;
    this.#rate = spec.rate;
    this.#random = new Random((world.seed ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0);
  }

  /** Goodput of the link in a slot, whatever the server does. */
  link(slot: number): number {
    this.#extend(slot);
    return this.#link[slot] ?? 0;
  }

  state(slot: number): 'up' | 'stalled' | 'down' {
    this.#extend(slot);
    return this.#state[slot] ?? 'up';
  }

  #extend(slot: number): void {
    while (this.#link.length <= slot) {
      const atMs = this.#link.length * slotMs;
      for (;;) {
        const event = this.#spec.events[this.#nextEvent];
        if (event === undefined || event.atMs > atMs) break;
        this.#nextEvent += 1;
        if (event.action === 'rate') this.#rate = event.value;
        else if (event.action === 'stall') this.#current = 'stalled';
        else if (event.action === 'die') this.#current = 'down';
        else this.#current = 'up';
      }
      if (this.#spec.noiseMs > 0 && atMs >= this.#nextNoiseMs) {
        this.#nextNoiseMs = atMs + this.#spec.noiseMs;
        this.#factor = 1 + this.#spec.noiseSpread * (2 * this.#random.next() - 1);
      }
      this.#link.push(this.#rate * this.#factor);
      this.#state.push(this.#current);
    }
  }
}

/** What one connection to a source carries at most, its losses included (Mathis: 1.22 MSS / (RTT sqrt p)). */
export function connectionRateMax(spec: SourceSpec): number {
  const lossy =
    spec.lossRate > 0 ? ((1448 * 1.22) / Math.sqrt(spec.lossRate)) * (1000 / Math.max(1, spec.rttMs)) : Infinity;
  return Math.min(spec.connectionRateMax ?? Infinity, lossy);
}

/** What a source can deliver in a slot with as many connections as are allowed. */
export function available(world: World, spec: SourceSpec, curve: RateCurve, slot: number): number {
  if (curve.state(slot) !== 'up') return 0;
  const link = curve.link(slot) * (1 - spec.lossRate);
  return Math.min(link, connectionRateMax(spec) * connectionsOfUse(world, spec));
}

/** Without ranges every connection brings the same bytes. */
function connectionsOfUse(world: World, spec: SourceSpec): number {
  return spec.http?.ranges === false ? 1 : world.connectionsPerSourceMax;
}

/** Bytes that the sources together can deliver by `atMs`. */
export function fluidBytes(world: World, atMs: number): number {
  return integrate(world, Infinity, atMs, () => Infinity).bytes;
}

/**
 * The fluid bound of a world: when the integral of what the sources can deliver (at most what the client's link
 * carries) reaches the file's size. Nobody can be faster; handshakes and slow start are not in it. Of sources without
 * ranges, which all bring the file from its start on, and from there again when they come back, the one that has come
 * the farthest counts.
 */
export function fluidBoundMs(world: World): number {
  return integrate(world, world.sizeBytes, 3_600_000, () => Infinity).atMs;
}

/** Windows that open side by side at best, and round trips before the first byte: connecting, hello, request. */
const windowsMax = 8;
const roundTripsToFirstByte = 3;

/**
 * The same bound with what TCP and the protocol take at the start: nothing of a source comes for three round trips, then
 * eight initial windows, doubling each round trip. How much of the distance to the bound is nobody's to win.
 */
export function startedBoundMs(world: World): number {
  return integrate(world, world.sizeBytes, 3_600_000, (spec, atMs) => {
    const rounds = (atMs - roundTripsToFirstByte * spec.rttMs) / Math.max(1, spec.rttMs);
    const windows = Math.min(windowsMax, connectionsOfUse(world, spec));
    return rounds < 0 ? 0 : ((windows * 14_480 * 2 ** Math.min(rounds, 40)) / Math.max(1, spec.rttMs)) * 1000;
  }).atMs;
}

function integrate(
  world: World,
  bytesMax: number,
  msMax: number,
  rateMax: (spec: SourceSpec, atMs: number) => number,
): { bytes: number; atMs: number } {
  const curves = world.sources.map((_, i) => new RateCurve(world, i));
  /** How far each source without ranges has come since its server is there, and how far any of them ever came. */
  const starts = world.sources.map(() => 0);
  let farthest = 0;
  let bytes = 0;
  for (let slot = 0; slot * slotMs < msMax; slot += 1) {
    let rate = 0;
    const before = farthest;
    world.sources.forEach((spec, i) => {
      const curve = curves[i];
      if (curve === undefined) return;
      const own = Math.min(available(world, spec, curve, slot), rateMax(spec, slot * slotMs));
      if (spec.http?.ranges !== false) rate += own;
      else {
        const start = curve.state(slot) === 'down' ? 0 : (starts[i] ?? 0) + (own * slotMs) / 1000;
        starts[i] = start;
        farthest = Math.max(farthest, start);
      }
    });
    rate = Math.min(rate + ((farthest - before) * 1000) / slotMs, world.clientRate ?? Infinity);
    const more = (rate * slotMs) / 1000;
    if (bytes + more >= bytesMax) return { bytes: bytesMax, atMs: slot * slotMs + ((bytesMax - bytes) / rate) * 1000 };
    bytes += more;
  }
  return { bytes, atMs: Infinity };
}
