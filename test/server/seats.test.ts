import { describe, expect, it } from 'vitest';
import { partyOf, Seats } from '../../src/server/seats.js';
import type { ClientSession, ServerContext } from '../../src/server/server-context.js';

const limits = { connectionsMax: 4, connectionsPerAddressMax: 3 } as ServerContext['limits'];

class FakeSession implements ClientSession {
  isIdle = true;
  wasReset = false;
  goodbye(): void {
    throw new Error('nobody says goodbye here');
  }
  reset(): void {
    this.wasReset = true;
  }
  sweep(): void {
    throw new Error('nobody sweeps here');
  }
}

function seated(seats: Seats, party: string, isIdle = true): FakeSession {
  const session = new FakeSession();
  session.isIdle = isIdle;
  expect(seats.room(party).kind).toBe('taken');
  seats.add(party, session);
  return session;
}

describe('the places of a server', () => {
  it('are not all for one address', () => {
    const seats = new Seats(limits);
    for (let i = 0; i < 3; i += 1) seated(seats, 'a');
    expect(seats.room('a')).toEqual({ kind: 'refused', reason: 'your address has its 3 connections to this server' });
    seated(seats, 'b');
    expect(seats.count).toBe(4);
  });

  it('that are all taken are given up by who has the most, the oldest idle one first', () => {
    const seats = new Seats(limits);
    const [busy, oldest] = [seated(seats, 'a', false), seated(seats, 'a')];
    const others = [seated(seats, 'a'), seated(seats, 'b')];
    seated(seats, 'c');
    expect(oldest.wasReset).toBe(true);
    expect([busy, ...others].some((session) => session.wasReset)).toBe(false);
    expect(seats.count).toBe(4);
    // Its end is heard of later, and frees nothing twice.
    seats.remove('a', oldest);
    expect(seats.count).toBe(4);
  });

  it('are not taken from anybody for who would have as many', () => {
    const seats = new Seats(limits);
    const all = ['a', 'a', 'b', 'b'].map((party) => seated(seats, party));
    expect(seats.room('a')).toEqual({ kind: 'refused', reason: 'this server has its 4 connections' });
    expect(seats.room('b').kind).toBe('refused');
    expect(all.some((session) => session.wasReset)).toBe(false);
    seated(seats, 'c');
  });

  it('are not taken from who is at work', () => {
    const seats = new Seats(limits);
    for (const party of ['a', 'a', 'a', 'b']) seated(seats, party, false);
    expect(seats.room('c').kind).toBe('refused');
  });
});

describe('whom an address counts as', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ])('%s is of %s', (address, party) => {
    expect(partyOf(address)).toBe(party);
  });
});
