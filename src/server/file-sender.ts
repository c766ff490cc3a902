import { read } from 'node:fs';
import type { Socket } from 'node:net';
import { blockHeadBytes, type Block, type BlockPool, type BlockUser, type BlockWaiter } from './block-pool.js';
import { diskFault } from './disk-fault.js';
import { FrameSizer } from './frame-sizer.js';
import type { OpenFile } from './open-files.js';
import type { GateWaiter } from './fair-line.js';
import type { GateLane } from './rate-gate.js';

/** Bytes of an open file that are to go out. The sender moves `next`; `end` may be lowered meanwhile. */
export interface SendJob {
  readonly id: number;
  readonly file: OpenFile;
  next: number;
  end: number;
}

export type SendProblem = 'changed' | 'read-failed';

/** What a protocol puts around the bytes. Calls come in the order in which things go out. */
export interface SendProtocol {
  /** Bytes before each block's payload, at most `blockHeadBytes`. */
  readonly headBytes: number;
  writeHead(out: Uint8Array, at: number, job: SendJob, bytes: number): void;
  /** All bytes before `job.next` are on their way; the last of them only after the file was seen to be still the same. */
  jobDone(job: SendJob): void;
  /** The job ends at `job.next`, before its end. */
  jobFailed(job: SendJob, problem: SendProblem, reason: string): void;
}

/** What a connection has of what all of one server share. */
interface SenderResources {
  readonly pool: BlockPool;
  /** Whom the connection comes from: memory and rate are shared by those first. */
  readonly party: string;
  /** Its way through the server's limit. */
  readonly gate: GateLane | undefined;
  readonly releaseFile: (file: OpenFile) => void;
  readonly countSent: (bytes: number) => void;
}

/** Who keeps the most memory from somebody who has none has so many times less time to take its bytes. */
const hoarderHaste = 10;

type Step = 'idle' | 'gate' | 'pool' | 'reading' | 'checking';

/**
 * Sends ranges of files on one socket, one after the other: reads ahead by one block while another is being written,
 * and gives each block back when the kernel has taken it. Knows nothing of the protocol around the bytes.
 *
 * Invariant: at most one step (turn, memory, read, check) is under way, so that blocks are written in file order; at
 * most two blocks are held. A job's last bytes are held back until its file was looked at after they had been read: who
 * has all of a job has bytes of one version.
 */
export class FileSender implements BlockUser, BlockWaiter, GateWaiter {
  readonly #socket: Socket;
  readonly #protocol: SendProtocol;
  readonly #shared: SenderResources;
  readonly #sizer = new FrameSizer();
  #jobs: SendJob[] = [];
  #step: Step = 'idle';
  #held = 0;
  #writing = 0;
  #wantBytes = 0;
  /** Read, and held back until the check is done: the last bytes of the first job. */
  #lastBlock: Block | undefined;
  #progressAtMs = 0;
  #stopped = false;

  constructor(socket: Socket, protocol: SendProtocol, shared: SenderResources) {
    this.#socket = socket;
    this.#protocol = protocol;
    this.#shared = shared;
  }

  /** Jobs that are running or wait. */
  get jobCount(): number {
    return this.#jobs.length;
  }

  hasJob(id: number): boolean {
    return this.#jobs.some((job) => job.id === id);
  }

  /** Whether others wait for memory, and the other side has taken nothing of what it has of it for too long. */
  isStuck(nowMs: number, stallMs: number): boolean {
    const { pool, party } = this.#shared;
    if (this.#writing === 0 || !pool.crowded) return false;
    return nowMs - this.#progressAtMs > (pool.isHoardedBy(party) ? stallMs / hoarderHaste : stallMs);
  }

  /** Takes over `job`, and its use of the file. */
  enqueue(job: SendJob): void {
    if (this.#stopped) {
      this.#shared.releaseFile(job.file);
      return;
    }
    if (this.#jobs.length === 0 && this.#writing === 0) this.#sizer.begin(performance.now());
    this.#jobs.push(job);
    this.#advance();
  }

  /** Ends the job earlier: at `end`, or behind what is already on its way. */
  trim(id: number, end: number): void {
    const job = this.#jobs.find((j) => j.id === id);
    if (job === undefined || end >= job.end) return;
    job.end = Math.max(job.next, end);
    this.#advance();
  }

  /** Sends nothing more, and gives back what is held as soon as nobody reads or writes it. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#step === 'pool') this.#leavePool();
    this.#shared.gate?.close();
    const busy = this.#step === 'reading' || this.#step === 'checking' ? 1 : 0;
    for (const job of this.#jobs.splice(busy)) this.#shared.releaseFile(job.file);
  }

  #advance(): void {
    while (!this.#stopped && this.#step === 'idle') {
      const job = this.#jobs[0];
      if (job === undefined) return;
      if (job.file.stale) {
        this.#fail(job, 'changed', 'the file changed while it was being sent');
      } else if (job.next >= job.end) {
        this.#check(job, undefined);
      } else if (this.#held > 1 || (this.#held === 1 && !this.#shared.pool.roomAhead(this.#shared.party))) {
        return; // What is being written comes back soon, and goes on from here.
      } else {
        this.#begin(job);
      }
    }
  }

  #begin(job: SendJob): void {
    const { gate } = this.#shared;
    let bytes = Math.min(this.#sizer.frameBytes, job.end - job.next);
    if (gate !== undefined) {
      bytes = Math.min(bytes, gate.frameBytesMax);
      this.#step = 'gate';
      if (!gate.pass(bytes, this)) return;
    }
    this.gateOpened(bytes);
  }

  gateOpened(bytes: number): void {
    const { pool, gate, party } = this.#shared;
    this.#wantBytes = bytes;
    this.#step = 'pool';
    const ahead = this.#held > 0;
    const block = ahead ? pool.takeAhead(bytes, party) : pool.take(bytes, party, this);
    if (block !== undefined) {
      this.blockReady(block);
    } else if (ahead) {
      gate?.putBack(bytes);
      this.#step = 'idle';
    }
  }

  blockReady(block: Block): void {
    const job = this.#jobs[0];
    const bytes = job === undefined ? 0 : Math.min(this.#wantBytes, job.end - job.next, block.capacity);
    this.#shared.gate?.putBack(this.#wantBytes - bytes);
    this.#step = 'idle';
    if (job === undefined || bytes === 0) {
      this.#shared.pool.give(block);
      this.#advance();
      return;
    }
    block.user = this;
    this.#held += 1;
    this.#step = 'reading';
    read(job.file.fd, block.buffer, blockHeadBytes, bytes, job.next, block.onRead);
  }

  blockRead(block: Block, error: Error | null, bytesRead: number): void {
    this.#step = 'idle';
    const job = this.#jobs[0];
    if (this.#stopped || job === undefined) {
      this.#giveBack(block);
      this.#releaseStopped();
      return;
    }
    const bytes = Math.min(bytesRead, job.end - job.next);
    if (error === null && bytes > 0) {
      block.bytes = bytes;
      if (job.next + bytes >= job.end) this.#check(job, block);
      else this.#write(job, block, bytes);
    } else {
      this.#giveBack(block);
      if (error !== null) this.#fail(job, 'read-failed', diskFault(error));
      else if (bytesRead === 0) this.#cut(job);
    }
    this.#advance();
  }

  #write(job: SendJob, block: Block, bytes: number): void {
    const nowMs = performance.now();
    const { headBytes } = this.#protocol;
    const at = blockHeadBytes - headBytes;
    job.file.checkIfDue(nowMs);
    this.#protocol.writeHead(block.buffer, at, job, bytes);
    block.bytes = bytes;
    job.next += bytes;
    if (this.#writing === 0) this.#progressAtMs = nowMs;
    this.#writing += 1;
    this.#socket.write(block.buffer.subarray(at, at + headBytes + bytes), block.onWritten);
  }

  blockWritten(block: Block, error: Error | null | undefined): void {
    const { bytes } = block;
    this.#writing -= 1;
    this.#giveBack(block);
    if (error) return; // The socket is gone; its owner hears of it and stops this.
    const nowMs = performance.now();
    this.#progressAtMs = nowMs;
    this.#shared.countSent(bytes);
    this.#sizer.sent(bytes, nowMs);
    this.#advance();
  }

  #check(job: SendJob, lastBlock: Block | undefined): void {
    this.#step = 'checking';
    this.#lastBlock = lastBlock;
    job.file.check(this.#checked);
  }

  readonly #checked = (): void => {
    this.#step = 'idle';
    const block = this.#lastBlock;
    this.#lastBlock = undefined;
    const job = this.#jobs[0];
    if (this.#stopped || job === undefined) {
      if (block !== undefined) this.#giveBack(block);
      this.#releaseStopped();
      return;
    }
    // The job may have been trimmed meanwhile.
    const bytes = block === undefined ? 0 : Math.min(block.bytes, job.end - job.next);
    if (block !== undefined && (job.file.stale || bytes <= 0)) this.#giveBack(block);
    else if (block !== undefined) this.#write(job, block, bytes);
    if (!job.file.stale) {
      this.#remove(job);
      this.#protocol.jobDone(job);
    }
    this.#advance();
  };

  /** The file ends before the range that it had: it was cut. */
  #cut(job: SendJob): void {
    job.file.stale = true;
    this.#fail(job, 'changed', `the file was cut to ${job.next} bytes or less while it was being sent`);
  }

  #fail(job: SendJob, problem: SendProblem, reason: string): void {
    this.#remove(job);
    this.#protocol.jobFailed(job, problem, reason);
  }

  #remove(job: SendJob): void {
    this.#jobs.shift();
    this.#shared.releaseFile(job.file);
  }

  #giveBack(block: Block): void {
    this.#held -= 1;
    this.#shared.pool.give(block);
  }

  #leavePool(): void {
    this.#shared.pool.leave(this);
    this.#shared.gate?.putBack(this.#wantBytes);
  }

  #releaseStopped(): void {
    for (const job of this.#jobs.splice(0)) this.#shared.releaseFile(job.file);
  }
}
