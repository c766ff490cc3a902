import type { ConnectionId } from '../base/ids.js';
import type { Lane } from './lane.js';
import { SlotHeap } from './slot-heap.js';

/** How often the end of a lane that is late is put off again. */
const lateStepMs = 50;

/**
 * All lanes, in the orders in which the scheduler asks for them, and their sums. A lane that changed is to be given to
 * `refresh`; everything costs O(log n) in the number of lanes.
 *
 * Invariant: the sums are those of what lanes are counted with (`countedRate`, `countedBytes`, `countsAsActive`); a
 * suspect is not active and has no rate.
 */
export class LaneBoard {
  readonly #byConnection = new Map<ConnectionId, Lane>();
  readonly #slots: (Lane | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  /** By predicted end, first end first: lanes that may be given work. */
  readonly #soonest = new SlotHeap();
  /** By predicted end, last end first: lanes that hold work. */
  readonly #latest = new SlotHeap();
  /** By the time at which silence changes the picture: lanes that hold work. */
  readonly #silence = new SlotHeap();
  #rateSum = 0;
  #ratedCount = 0;
  #owedBytes = 0;
  #activeCount = 0;

  get size(): number {
    return this.#byConnection.size;
  }

  /** Bytes on order. */
  get owedBytes(): number {
    return this.#owedBytes;
  }

  /** Lanes that are counted on: no suspects, no reserves. */
  get activeCount(): number {
    return this.#activeCount;
  }

  /** Mean of the measured lanes, in bytes a second; 1 where none is measured, so that all count the same. */
  get meanRate(): number {
    return this.#ratedCount === 0 ? 1 : Math.max(1, this.#rateSum / this.#ratedCount);
  }

  /** What all lanes deliver together; one that is not measured counts as one of mean speed. */
  get rateSum(): number {
    return this.#ratedCount === 0
      ? this.#activeCount
      : this.#rateSum + (this.#activeCount - this.#ratedCount) * this.meanRate;
  }

  get(connection: ConnectionId): Lane | undefined {
    return this.#byConnection.get(connection);
  }

  lanes(): IterableIterator<Lane> {
    return this.#byConnection.values();
  }

  add(lane: Lane, nowMs: number): void {
    lane.slot = this.#freeSlots.pop() ?? this.#slots.length;
    this.#slots[lane.slot] = lane;
    this.#byConnection.set(lane.connection, lane);
    this.refresh(lane, nowMs);
  }

  remove(lane: Lane): void {
    this.#byConnection.delete(lane.connection);
    this.#uncount(lane);
    this.#soonest.delete(lane.slot);
    this.#latest.delete(lane.slot);
    this.#silence.delete(lane.slot);
    this.#slots[lane.slot] = undefined;
    this.#freeSlots.push(lane.slot);
    lane.slot = -1;
  }

  /** Bytes a second that a lane is counted with in plans. */
  rateOf(lane: Lane): number {
    return Math.max(1, lane.rate ?? (lane.expectedRate ?? this.meanRate) * lane.trust);
  }

  /** When a lane will have delivered what it owes. */
  endAtMs(lane: Lane, nowMs: number): number {
    return lane.isSuspect && !lane.isIdle ? Infinity : lane.endAtMs(nowMs, this.rateOf(lane));
  }

  /** A lane changed: it is counted anew and put where it belongs, if it is still there. */
  refresh(lane: Lane, nowMs: number): void {
    if (lane.slot < 0) return;
    this.#uncount(lane);
    const idle = lane.isIdle;
    lane.countedBytes = lane.remainingBytes;
    this.#owedBytes += lane.countedBytes;
    lane.countsAsActive = !lane.isSuspect && !lane.isReserve && !lane.isSpare;
    if (lane.countsAsActive) this.#activeCount += 1;
    if (lane.countsAsActive && lane.rate !== undefined) {
      lane.countedRate = lane.rate;
      this.#rateSum += lane.rate;
      this.#ratedCount += 1;
    }
    const endAt = this.endAtMs(lane, nowMs);
    if (!lane.takesWork) this.#soonest.delete(lane.slot);
    else this.#soonest.set(lane.slot, idle ? 0 : endAt);
    if (idle) {
      this.#latest.delete(lane.slot);
      this.#silence.delete(lane.slot);
      return;
    }
    this.#latest.set(lane.slot, -endAt);
    if (lane.isSuspect) this.#silence.delete(lane.slot);
    else this.#silence.set(lane.slot, nowMs + lateStepMs + 20);
  }

  /** Lanes that hold work and have not been heard of for a while, each at most every 50 ms. */
  takeSilent(nowMs: number): Lane[] {
    const out: Lane[] = [];
    for (let slot = this.#silence.first(); slot >= 0; slot = this.#silence.first()) {
      if (this.#silence.keyOf(slot) > nowMs) break;
      this.#silence.set(slot, nowMs + lateStepMs);
      const lane = this.#slots[slot];
      if (lane !== undefined) out.push(lane);
    }
    return out;
  }

  /** Up to `countMax` lanes that will be done by `untilMs` and may be given work, idle ones first. */
  soonest(countMax: number, untilMs: number): Lane[] {
    return this.#lanesOf(this.#soonest.smallest(countMax, untilMs));
  }

  /** Up to `countMax` lanes that will be done last, the last one first. */
  latest(countMax: number): Lane[] {
    return this.#lanesOf(this.#latest.smallest(countMax));
  }

  #lanesOf(slots: readonly number[]): Lane[] {
    const out: Lane[] = [];
    for (const slot of slots) {
      const lane = this.#slots[slot];
      if (lane !== undefined) out.push(lane);
    }
    return out;
  }

  #uncount(lane: Lane): void {
    this.#owedBytes -= lane.countedBytes;
    lane.countedBytes = 0;
    if (lane.countsAsActive) this.#activeCount -= 1;
    lane.countsAsActive = false;
    if (lane.countedRate === undefined) return;
    this.#rateSum -= lane.countedRate;
    this.#ratedCount -= 1;
    lane.countedRate = undefined;
    if (this.#ratedCount === 0) this.#rateSum = 0;
  }
}
