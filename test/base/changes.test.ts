import { describe, expect, it } from 'vitest';
import { Changes } from '../../src/base/changes.js';

/** Counts the listeners that somebody left behind. */
class CountingSignal extends EventTarget {
  readonly aborted = false;
  listeners = 0;

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.listeners += 1;
    super.addEventListener(...args);
  }

  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
    this.listeners -= 1;
    super.removeEventListener(...args);
  }
}

describe('whoever waits for a change', () => {
  it('gets what it looks for at once where it is there', async () => {
    await expect(new Changes().until(() => 7, undefined)).resolves.toBe(7);
  });

  it('looks again at each change, and at no other time', async () => {
    const changes = new Changes();
    let looks = 0;
    const found = changes.until(() => ((looks += 1) === 3 ? 'here' : undefined), undefined);
    await new Promise(setImmediate);
    expect(looks).toBe(1);
    changes.wake();
    await new Promise(setImmediate);
    expect(looks).toBe(2);
    changes.wake();
    await expect(found).resolves.toBe('here');
  });

  it('is told together with all others', async () => {
    const changes = new Changes();
    const there: true[] = [];
    const all = [1, 2, 3].map(() => changes.until(() => there[0], undefined));
    there.push(true);
    changes.wake();
    await expect(Promise.all(all)).resolves.toEqual([true, true, true]);
  });

  it('hears of what looking for it threw', async () => {
    const changes = new Changes();
    let isOver = false;
    const found = changes.until<number>(() => {
      if (isOver) throw new Error('it is over');
      return undefined;
    }, undefined);
    isOver = true;
    changes.wake();
    await expect(found).rejects.toThrow('it is over');
  });

  it('waits no longer than its signal allows, before and after', async () => {
    const changes = new Changes();
    const caller = new AbortController();
    const found = changes.until(() => undefined, caller.signal);
    caller.abort();
    await expect(found).rejects.toMatchObject({ code: 'aborted' });
    await expect(changes.until(() => 7, caller.signal)).rejects.toMatchObject({ code: 'aborted' });
    await expect(changes.next(caller.signal)).resolves.toBeUndefined();
  });

  it('leaves no listener behind', async () => {
    const changes = new Changes();
    const signal = new CountingSignal();
    const next = changes.next(signal as unknown as AbortSignal);
    expect(signal.listeners).toBe(1);
    changes.wake();
    await next;
    expect(signal.listeners).toBe(0);
  });
});
