// @ts-check
/**
 * What runs in the page of a film, as text: looks at the <video> each 10 ms from now on, by the page's own clock, and
 * tells it in `window.watched`. Muted, as nobody listens.
 *   playedS()    seconds of film that were seen since it began, or since the last jump
 *   jump(share)  goes to that share of the film
 *   times()      startMs: from the beginning of the watch to the first moving picture; jumpMs: from the jump to the first
 *                one there; stallMs: the longest time without one in between and after that, while it should play
 */
export const filmWatch = `(() => {
  const beganAt = performance.now();
  let startMs, jumpedAt, jumpMs, lastAt;
  let stallMs = 0, from = 0, last = 0;
  setInterval(() => {
    const video = document.querySelector('video');
    if (video === null) return;
    video.muted = true;
    const now = performance.now();
    if (video.currentTime > last && !video.seeking) {
      if (startMs === undefined) startMs = now - beganAt;
      else if (jumpedAt !== undefined && jumpMs === undefined) jumpMs = now - jumpedAt;
      else stallMs = Math.max(stallMs, now - lastAt);
      lastAt = now;
    } else if (video.ended) lastAt = now;
    last = video.currentTime;
  }, 10);
  window.watched = {
    playedS: () => (startMs === undefined ? 0 : last - from),
    jump: (share) => {
      const video = document.querySelector('video');
      jumpedAt = performance.now();
      last = from = video.duration * share;
      video.currentTime = from;
    },
    times: () => ({ startMs, jumpMs, stallMs: Math.max(stallMs, lastAt === undefined ? 0 : performance.now() - lastAt) }),
  };
})()`;

/** True in the page once so many seconds were seen. @param {number} seconds */
export const hasPlayed = (seconds) => `window.watched.playedS() > ${seconds}`;
