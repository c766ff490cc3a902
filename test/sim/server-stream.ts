import type { SegmentId } from '../../src/core/scheduler-messages.js';

/** A stretch of file bytes on its way through a connection, in order. */
export interface Extent {
  readonly segment: SegmentId;
  start: number;
  end: number;
  /** The server says "that was all" behind it. */
  last: boolean;
  /** A pong in the stream, and nothing else. */
  readonly pong: boolean;
  /** When it was last added to. */
  atMs: number;
}

interface ServerRequest {
  readonly segment: SegmentId;
  position: number;
  end: number;
}

const frameBytesMin = 16 * 1024;
const frameBytesMax = 512 * 1024;

/**
 * The server's end of one connection: answers requests in order, in frames, and keeps the kernel's send buffer full. What
 * it has committed is sent, whatever is trimmed later.
 */
export class ServerStream {
  readonly #requests: ServerRequest[] = [];
  /** Committed and not yet taken by the client, in order. */
  readonly extents: Extent[] = [];
  /** Bytes ever committed. */
  committed = 0;
  /** The time by which it has thought about the first request. */
  thinksUntilMs = 0;

  get hasRequests(): boolean {
    return this.#requests.length > 0;
  }

  request(segment: SegmentId, start: number, end: number): void {
    this.#requests.push({ segment, position: start, end });
  }

  trim(segment: SegmentId, end: number, nowMs: number): void {
    const request = this.#requests.find((r) => r.segment === segment);
    if (request !== undefined) request.end = Math.min(request.end, Math.max(request.position, end));
    this.#endFinished(nowMs);
  }

  pong(nowMs: number): void {
    this.extents.push({ segment: -1, start: 0, end: 0, last: false, pong: true, atMs: nowMs });
  }

  /** Commits whole frames while there is room for `roomBytes` more; `speed` is the connection's. */
  fill(roomBytes: number, speed: number, nowMs: number): void {
    const frame = Math.min(frameBytesMax, Math.max(frameBytesMin, speed / 20));
    let room = roomBytes;
    while (room > 0 && this.#requests.length > 0) room -= this.commit(frame, nowMs);
  }

  /** Commits up to `bytes` of the first request; returns how many it had. */
  commit(bytes: number, nowMs: number): number {
    const request = this.#requests[0];
    if (request === undefined) return 0;
    const count = Math.min(Math.floor(bytes), request.end - request.position);
    const before = this.extents.at(-1);
    const start = request.position;
    request.position += count;
    this.committed += count;
    if (before?.segment === request.segment && before.end === start && !before.last) before.end += count;
    else if (count > 0) {
      this.extents.push({ segment: request.segment, start, end: start + count, last: false, pong: false, atMs: nowMs });
    }
    this.#endFinished(nowMs);
    return count;
  }

  #endFinished(nowMs: number): void {
    for (let first = this.#requests[0]; first !== undefined && first.position >= first.end; first = this.#requests[0]) {
      this.#requests.shift();
      const before = this.extents.at(-1);
      if (before?.segment === first.segment) {
        before.last = true;
        before.atMs = nowMs;
      } else {
        const { segment, position } = first;
        this.extents.push({ segment, start: position, end: position, last: true, pong: false, atMs: nowMs });
      }
    }
  }
}
