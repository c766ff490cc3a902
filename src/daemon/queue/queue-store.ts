import { chmodSync, closeSync, openSync } from 'node:fs';
import Database from 'libsql';
import { asManygetError, ManygetError } from '../../base/errors.js';
import type { QueueState, ServerRecord } from '../../base/queue-snapshot.js';
import { fleetTable, FleetStore } from '../fleets/fleet-store.js';
import { readStore } from './read-store.js';

/**
 * What survives the daemon: downloads with their state and progress, options, and what is known of servers. Every call
 * is on the disk's journal when it returns, so that a kill -9 loses nothing of it. One process at a time: the store is
 * locked by the kernel while it is open.
 */
export interface StoredDownload {
  readonly gid: string;
  readonly state: QueueState;
  /** Order among all; smaller is earlier. */
  readonly place: number;
  readonly spec: string;
  readonly progress: string;
  readonly addedAtMs: number;
  readonly endedAtMs: number | undefined;
}

interface DownloadRow {
  gid: string;
  state: QueueState;
  place: number;
  spec: string;
  progress: string;
  added_ms: number;
  ended_ms: number | null;
}

interface ServerRow {
  origin: string;
  bytes: number;
  busy_ms: number;
  downloads: number;
  faults: number;
  seen_ms: number;
}

/** What one download learned of one server. */
export interface ServerFacts {
  readonly origin: string;
  readonly bytes: number;
  readonly busyMs: number;
  readonly faults: number;
}

const versionNow = 2;
const lockWaitMs = 500;
const serversMax = 10_000;

const schema = `
  CREATE TABLE downloads (
    gid TEXT PRIMARY KEY, state TEXT NOT NULL, place REAL NOT NULL, spec TEXT NOT NULL, progress TEXT NOT NULL,
    added_ms REAL NOT NULL, ended_ms REAL) STRICT;
  CREATE TABLE options (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE servers (
    origin TEXT PRIMARY KEY, bytes REAL NOT NULL, busy_ms REAL NOT NULL, downloads INTEGER NOT NULL,
    faults INTEGER NOT NULL, seen_ms REAL NOT NULL) STRICT;
  ${fleetTable}
  PRAGMA user_version = ${versionNow};`;

/** What makes a store of an older version, at its index, one of the next version. */
const upgrades: readonly string[] = ['', `${fleetTable} PRAGMA user_version = 2;`];

export class QueueStore implements Disposable {
  readonly fleets: FleetStore;
  readonly #path: string;
  readonly #db: Database.Database;
  readonly #save: Database.Statement;
  readonly #remove: Database.Statement;
  readonly #addServer: Database.Statement;

  /** @throws ManygetError `daemon-running` where another process has it open, `io-failed` where it cannot be read. */
  constructor(path: string) {
    this.#path = path;
    this.#db = openLocked(path);
    this.fleets = new FleetStore(this.#db, path);
    this.#save = this.#prepared(
      'INSERT OR REPLACE INTO downloads (gid, state, place, spec, progress, added_ms, ended_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#remove = this.#prepared('DELETE FROM downloads WHERE gid = ?');
    this.#addServer = this.#prepared(`
      INSERT INTO servers (origin, bytes, busy_ms, downloads, faults, seen_ms) VALUES (?, ?, ?, 1, ?, ?)
      ON CONFLICT (origin) DO UPDATE SET bytes = bytes + excluded.bytes, busy_ms = busy_ms + excluded.busy_ms,
        downloads = downloads + 1, faults = faults + excluded.faults, seen_ms = excluded.seen_ms`);
  }

  /** In order of their place. */
  downloads(): StoredDownload[] {
    const rows = this.#all('SELECT * FROM downloads ORDER BY place') as DownloadRow[];
    return rows.map((row) => ({
      gid: row.gid,
      state: row.state,
      place: row.place,
      spec: row.spec,
      progress: row.progress,
      addedAtMs: row.added_ms,
      endedAtMs: row.ended_ms ?? undefined,
    }));
  }

  save(downloads: readonly StoredDownload[]): void {
    this.#together(() => {
      for (const { gid, state, place, spec, progress, addedAtMs, endedAtMs } of downloads) {
        this.#save.run(gid, state, place, spec, progress, addedAtMs, endedAtMs ?? null);
      }
    });
  }

  remove(gids: readonly string[]): void {
    this.#together(() => {
      for (const gid of gids) this.#remove.run(gid);
    });
  }

  options(): Record<string, string> {
    const rows = this.#all('SELECT name, value FROM options') as { name: string; value: string }[];
    return Object.fromEntries(rows.map((row) => [row.name, row.value]));
  }

  saveOptions(options: Readonly<Record<string, string>>): void {
    const save = this.#db.prepare('INSERT OR REPLACE INTO options (name, value) VALUES (?, ?)');
    this.#together(() => {
      for (const [name, value] of Object.entries(options)) save.run(name, value);
    });
  }

  addServerFacts(facts: readonly ServerFacts[], nowMs: number): void {
    this.#together(() => {
      for (const { origin, bytes, busyMs, faults } of facts) this.#addServer.run(origin, bytes, busyMs, faults, nowMs);
    });
    this.#db
      .prepare(
        'DELETE FROM servers WHERE origin IN (SELECT origin FROM servers ORDER BY seen_ms DESC LIMIT -1 OFFSET ?)',
      )
      .run(serversMax);
  }

  /** The newest first. */
  servers(): ServerRecord[] {
    const rows = this.#all('SELECT * FROM servers ORDER BY seen_ms DESC') as ServerRow[];
    return rows.map((row) => ({
      origin: row.origin,
      bytes: row.bytes,
      downloads: row.downloads,
      faults: row.faults,
      meanSpeedBytesPerSec: row.busy_ms > 0 ? (row.bytes / row.busy_ms) * 1000 : 0,
      lastSeenAtMs: row.seen_ms,
    }));
  }

  [Symbol.dispose](): void {
    try {
      // Closing waits for the collector to let go of statements. The lock is given back here and now, which WAL does not do.
      this.#db.pragma('journal_mode = DELETE');
      this.#db.pragma('locking_mode = NORMAL');
      this.#db.prepare('SELECT count(*) FROM options').get();
    } catch {
      // On a full disk, say. All that was taken is in the journal, where whoever opens the store next finds it.
    }
    this.#db.close();
  }

  /** All that `work` writes, or nothing of it. */
  #together(work: () => void): void {
    this.#db.exec('BEGIN');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      // Of a full disk SQLite rolls back by itself; the refusal of a second time would hide why.
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #prepared(sql: string): Database.Statement {
    return readStore(this.#path, () => this.#db.prepare(sql));
  }

  #all(sql: string): unknown[] {
    return readStore(this.#path, () => this.#db.prepare(sql).all());
  }
}

function openLocked(path: string): Database.Database {
  let db: Database.Database | undefined;
  try {
    // Options may hold passwords: the store, and with it its journal, is for its user alone.
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
    db = new Database(path, { timeout: lockWaitMs });
    // The lock is the kernel's: it goes with the process, however that ends.
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    const [row] = db.pragma('user_version') as { user_version: number }[];
    const version = row?.user_version ?? 0;
    if (version === 0) db.exec(`BEGIN; ${schema} COMMIT;`);
    else for (const upgrade of upgrades.slice(version)) db.exec(`BEGIN; ${upgrade} COMMIT;`);
    if (version > versionNow) {
      throw new ManygetError(
        'io-failed',
        `the store "${path}" is of version ${version}, expected ${versionNow} at most`,
      );
    }
    return db;
  } catch (error) {
    db?.close();
    if ((error as { code?: unknown }).code === 'SQLITE_BUSY') {
      throw new ManygetError('daemon-running', `another daemon has the store "${path}" open`, { cause: error });
    }
    throw asManygetError(error, 'io-failed', `cannot open the store "${path}"`);
  }
}
