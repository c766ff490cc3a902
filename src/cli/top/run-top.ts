/** `top`: owns the terminal while it runs, and the connection to the daemon, which it finds again by itself. */
import { asManygetError } from '../../base/errors.js';
import { formatSpeed } from '../../base/units.js';
import { DaemonClient } from '../../daemon/client.js';
import { stateFolder } from '../../daemon/state-folder.js';
import { runningDaemon } from '../daemon/background-daemon.js';
import { type CliIo, type EndSignal, isInteractive } from '../io.js';
import { parseRate } from '../options/rate-limits.js';
import { usageError } from '../options/usage-error.js';
import { FullScreen } from '../terminal/full-screen.js';
import { openKeyboard } from '../terminal/keyboard.js';
import { keysOf } from '../terminal/keys.js';
import { colorDepth, makeTheme, showsUnicode, type Theme } from '../terminal/theme.js';
import { listRows, topFrame } from './top-frame.js';
import { type TopDeed, TopState, type TopWish } from './top-state.js';

/** Ten frames a second: more is not seen, and costs. */
const frameMs = 100;
const lookAgainMs = 1000;
const mapCellsMax = 8192;
/** What a shell expects of a process that a signal ended. */
const signalStatuses: Readonly<Record<EndSignal, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Returns the exit status. */
export async function runTop(io: CliIo): Promise<number> {
  if (!isInteractive(io) || io.env['TERM'] === 'dumb') {
    throw usageError('top draws on a terminal and reads its keys; for a list there is: manyget ls');
  }
  const client = await runningDaemon(io);
  const theme = makeTheme(colorDepth('auto', io.env, true), showsUnicode(io.env));
  const top = new Top(io, theme, client);
  try {
    return await top.ended;
  } finally {
    top.close();
  }
}

class Top {
  /** The exit status; rejects with what should not have happened. */
  readonly ended: Promise<number>;
  readonly #io: CliIo;
  readonly #theme: Theme;
  readonly #state = new TopState();
  readonly #screen: FullScreen;
  readonly #keyboard: { close(): void };
  readonly #release: (() => void)[];
  readonly #ticker: NodeJS.Timeout;
  #end: (status: number) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;
  #client: DaemonClient;
  #stream: { close(): void } | undefined;
  #streamGid: string | undefined;
  #streamCells = 0;
  #cellsWanted = 512;
  #lookingAgain: NodeJS.Timeout | undefined;
  #isDirty = true;
  #isClosed = false;

  constructor(io: CliIo, theme: Theme, client: DaemonClient) {
    this.#io = io;
    this.#theme = theme;
    this.#client = client;
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    const end = (): void => this.#end(signalStatuses.SIGHUP);
    // A terminal that is gone may say so by the end of its input before any signal.
    io.stdin.once('end', end).once('error', end);
    this.#release = [
      io.onEndSignal((signal) => this.#end(signalStatuses[signal])),
      () => io.stdin.off('end', end).off('error', end),
    ];
    this.#screen = new FullScreen(io, () => this.#guarded(() => this.#draw()));
    this.#keyboard = openKeyboard(io, (typed) => this.#guarded(() => this.#type(typed)));
    this.#ticker = setInterval(() => this.#guarded(() => this.#tick()), frameMs);
    this.#guarded(() => {
      this.#listen();
      this.#draw();
    });
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#lookingAgain);
    this.#stream?.close();
    this.#keyboard.close();
    this.#screen.close();
    for (const release of this.#release) release();
  }

  /** What goes wrong in a callback ends `top`, and not the process before the terminal is given back. */
  #guarded(act: () => void): void {
    try {
      if (!this.#isClosed) act();
    } catch (error) {
      this.#fail(error);
    }
  }

  #tick(): void {
    if (this.#isDirty || this.#state.glide.isMoving(performance.now())) this.#draw();
  }

  #draw(): void {
    this.#isDirty = false;
    this.#screen.draw(topFrame(this.#state, this.#screen.size(), this.#theme, performance.now()));
    // A window of another size has another number of cells.
    const cells = Math.min(mapCellsMax, Math.max(64, this.#screen.size().columns * 3));
    if (cells === this.#cellsWanted) return;
    this.#cellsWanted = cells;
    if (this.#streamGid !== undefined) this.#listen();
  }

  #type(typed: string): void {
    for (const key of keysOf(typed)) {
      const wish = this.#state.key(key, listRows(this.#screen.size()));
      if (wish !== undefined) this.#grant(wish);
    }
    if (this.#state.openGid !== this.#streamGid) this.#listen();
    this.#draw();
  }

  #grant(wish: TopWish): void {
    switch (wish.type) {
      case 'quit':
        this.#end(0);
        return;
      case 'suspend':
        this.#io.suspend();
        return;
      case 'pause':
      case 'resume':
      case 'remove':
      case 'limit':
      case 'limit-source':
      case 'use':
        ask(this.#client, wish).then(
          (done) => this.#say(done),
          (error: unknown) => this.#say(`cannot do that: ${asManygetError(error).message}`),
        );
    }
  }

  #say(message: string): void {
    this.#state.message = message;
    this.#isDirty = true;
  }

  /** Follows the daemon; with the servers of a download on the screen, that download too. */
  #listen(): void {
    this.#stream?.close();
    clearTimeout(this.#lookingAgain);
    const gid = this.#state.openGid;
    this.#streamGid = gid;
    this.#streamCells = this.#cellsWanted;
    this.#stream = this.#client.events(gid === undefined ? undefined : { gid, cells: this.#streamCells }, {
      message: (message) =>
        this.#guarded(() => {
          this.#state.take(message, performance.now());
          this.#isDirty = true;
        }),
      lost: () => this.#guarded(() => this.#lost()),
    });
  }

  /** The daemon may come back at another address. */
  #lost(): void {
    this.#state.connection = 'lost';
    this.#isDirty = true;
    this.#lookingAgain = setTimeout(() => {
      DaemonClient.find(stateFolder(this.#io.env)).then(
        (client) =>
          this.#guarded(() => {
            if (client === undefined) {
              this.#lost();
              return;
            }
            this.#client = client;
            this.#listen();
          }),
        (error: unknown) => this.#fail(error),
      );
    }, lookAgainMs);
  }
}

/** Has the daemon do it; returns what to say then. */
async function ask(client: DaemonClient, wish: TopDeed): Promise<string> {
  switch (wish.type) {
    case 'pause':
      await client.pause(wish.item.gid);
      return `paused: ${wish.item.name}`;
    case 'resume':
      await client.resume(wish.item.gid);
      return `goes on: ${wish.item.name}`;
    case 'remove':
      await client.remove(wish.item.gid);
      return `removed: ${wish.item.name}`;
    case 'limit': {
      const { item, limit } = wish;
      if (item === undefined) await client.setQueueOptions({ 'max-overall-download-limit': limit });
      else await client.setOptions(item.gid, { 'max-download-limit': limit });
      return `limit of ${item?.name ?? 'all together'}: ${limit === '0' ? 'none' : `${limit}/s`}`;
    }
    case 'limit-source': {
      const { item, source, limit } = wish;
      const limitBytesPerSec = limit === '0' ? null : parseRate('a limit', limit);
      await client.steerSource(item.gid, source.id, { limitBytesPerSec });
      return `limit of ${source.label}: ${limitBytesPerSec === null ? 'none' : formatSpeed(limitBytesPerSec)}`;
    }
    case 'use':
      await client.steerSource(wish.item.gid, wish.source.id, { used: wish.isUsed });
      return `${wish.isUsed ? 'used again' : 'not used any more'}: ${wish.source.label}`;
  }
}
