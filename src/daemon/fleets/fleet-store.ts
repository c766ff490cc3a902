import type Database from 'libsql';
import { readStore } from '../queue/read-store.js';
import { type FleetSpec, fleetSpecToJson } from './fleet-spec.js';

/** The fleets in the daemon's store. Every call is on the disk's journal when it returns. */
interface StoredFleet {
  readonly id: number;
  /** As `fleetSpecToJson` has it. */
  readonly spec: string;
  readonly addedAtMs: number;
}

/** A number is never given twice: somebody may have written it down. */
export const fleetTable = `
  CREATE TABLE fleets (id INTEGER PRIMARY KEY AUTOINCREMENT, spec TEXT NOT NULL, added_ms REAL NOT NULL) STRICT;`;

export class FleetStore {
  readonly #db: Database.Database;
  readonly #path: string;

  constructor(db: Database.Database, path: string) {
    this.#db = db;
    this.#path = path;
  }

  fleets(): StoredFleet[] {
    const ask = (): unknown[] => this.#db.prepare('SELECT id, spec, added_ms FROM fleets ORDER BY id').all();
    const rows = readStore(this.#path, ask) as { id: number; spec: string; added_ms: number }[];
    return rows.map((row) => ({ id: row.id, spec: row.spec, addedAtMs: row.added_ms }));
  }

  /** Returns its number. */
  add(spec: FleetSpec, addedAtMs: number): number {
    const result = this.#db
      .prepare('INSERT INTO fleets (spec, added_ms) VALUES (?, ?)')
      .run(fleetSpecToJson(spec), addedAtMs);
    return Number(result.lastInsertRowid);
  }

  save(id: number, spec: FleetSpec): void {
    this.#db.prepare('UPDATE fleets SET spec = ? WHERE id = ?').run(fleetSpecToJson(spec), id);
  }

  remove(id: number): void {
    this.#db.prepare('DELETE FROM fleets WHERE id = ?').run(id);
  }
}
