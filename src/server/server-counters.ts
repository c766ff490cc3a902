/** What a server counts, in memory that its thread writes and the fleet reads without asking. */
export class ServerCounters {
  readonly memory: SharedArrayBuffer;
  readonly #sent: BigInt64Array;
  readonly #clients: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(16)) {
    this.memory = memory;
    this.#sent = new BigInt64Array(memory, 0, 1);
    this.#clients = new Int32Array(memory, 8, 1);
  }

  /** Payload bytes that the kernel took, since the fleet started. */
  get sentBytes(): number {
    return Number(Atomics.load(this.#sent, 0));
  }

  get clients(): number {
    return Atomics.load(this.#clients, 0);
  }

  addSent(bytes: number): void {
    Atomics.add(this.#sent, 0, BigInt(bytes));
  }

  addClients(change: 1 | -1): void {
    Atomics.add(this.#clients, 0, change);
  }

  /** The server's thread is gone, and its clients with it. */
  dropClients(): void {
    Atomics.store(this.#clients, 0, 0);
  }
}
