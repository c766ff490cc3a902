// @ts-check
// The client of `scripts/soak.js`: downloads what its parent tells it to, one after another, and says after each what it
// holds that it did not hold before, and how much memory.
import { readdirSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { download } from '../dist/index.js';

const releaseMsMax = 3000;

function handles() {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  counts['listener'] = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  if (process.platform === 'linux') counts['descriptor'] = readdirSync('/proc/self/fd').length;
  return counts;
}

/** What there is more of than in `before`, in words; empty where nothing is. @param {Record<string, number>} before */
function more(before) {
  const found = Object.entries(handles()).filter(([name, count]) => count > (before[name] ?? 0));
  return found.map(([name, count]) => `${count - (before[name] ?? 0)} ${name}`).join(', ');
}

const collectionsMax = 6;

/** Everything a first download opens for good, as modules and the pool of threads, is there before anything is counted. */
let isWarm = false;

/**
 * The download's end, or what it is at when its time is over.
 * @param {import('../dist/index.js').DownloadHandle} handle
 * @param {number} msMax
 */
async function outcomeOf(handle, msMax) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const overdue = new Promise((resolve) => {
    timer = setTimeout(() => {
      const { phase, note, doneBytes, sizeBytes, sources } = handle.snapshot();
      const states = sources.map((source) => `${source.label} ${source.state} ${source.note}`.trim());
      const last = handle.recentEvents(20).map((event) => `${Math.round(event.atMs)} ${JSON.stringify(event)}`);
      const message = `a download did not end within ${msMax} ms: ${phase} (${note}), ${doneBytes} of ${sizeBytes} bytes`;
      resolve({ code: 'hung', message: [message, ...states, ...last].join('\n') });
    }, msMax);
  });
  const end = handle.done.then(
    () => undefined,
    (/** @type {Error & { code?: string }} */ error) => ({ code: error.code ?? 'unexpected', message: error.message }),
  );
  const error = await Promise.race([end, overdue]);
  clearTimeout(timer);
  return error;
}

/** What is held once nothing more is collected: memory shared with a thread goes only when that has ended and been collected, too. */
async function heldBytes() {
  let least = Infinity;
  for (let round = 0; round < collectionsMax; round += 1) {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
    await wait(10);
  }
  return least;
}

process.on('message', async (/** @type {{ sources: string[], output: string, msMax: number }} */ task) => {
  const { sources, output, msMax } = task;
  const before = handles();
  const error = await outcomeOf(download({ sources, output, http: { netrc: false, proxy: {} } }), msMax);
  const startedAtMs = Date.now();
  // The wait itself is a timer while it is counted: it is over each time.
  while (more(before) !== '' && Date.now() - startedAtMs < releaseMsMax) await wait(10);
  const leaked = isWarm ? more(before) : '';
  isWarm = true;
  process.send?.({ error, leaked, heldBytes: await heldBytes() });
});
