/** This process as a part of its shell's job: it is stopped (Ctrl-Z), goes on ("fg"), and signals the whole job as a terminal does. */

interface StopListener {
  suspend(): void;
  resume(): void;
}

/** To kill(2): every process of our own group. */
const wholeJob = 0;

export class JobControl {
  readonly #listeners = new Set<StopListener>();
  #isStopping = false;

  /** From the wish to be stopped to the time after: the shell may take the terminal at any moment. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Calls `listener` around every stop; returns what takes it off. */
  listen(listener: StopListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) process.on('SIGTSTP', this.#onStop).on('SIGCONT', this.#onContinue);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      process.off('SIGTSTP', this.#onStop).off('SIGCONT', this.#onContinue);
      this.#isStopping = false;
    };
  }

  interrupt(): void {
    process.kill(wholeJob, 'SIGINT');
  }

  /**
   * The shell may take the terminal, and even give it back, as soon as one process of the job has stopped, which need not be
   * this one: it stops here and now, not when it is told of the signal.
   */
  suspend(): void {
    this.#letGo();
    process.kill(wholeJob, 'SIGTSTP');
    this.#stop();
  }

  readonly #onStop = (): void => {
    // Our own signal to the whole job: we have stopped by it already.
    if (this.#isStopping) return;
    this.#letGo();
    this.#stop();
  };

  readonly #onContinue = (): void => {
    this.#isStopping = false;
    for (const listener of this.#listeners) listener.resume();
  };

  #letGo(): void {
    this.#isStopping = true;
    for (const listener of this.#listeners) listener.suspend();
  }

  #stop(): void {
    process.kill(process.pid, 'SIGSTOP');
  }
}
