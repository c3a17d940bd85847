/** Erasures that operators ask of the running capture. Whose they are stands in the store until they are done, and not after. */
import type { DatabaseSync } from "node:sqlite";
import { onDisk } from "../local-store.ts";

export const ERASURES_SQL = `
  CREATE TABLE IF NOT EXISTS erasure (id INTEGER PRIMARY KEY, patient TEXT, reason TEXT NOT NULL, actor TEXT,
    names INTEGER, code TEXT, message TEXT, done INTEGER NOT NULL DEFAULT 0) STRICT;
`;

export interface ErasureRequest {
  /** The patient's id, as it stands in the columns that name patients. */
  readonly patient: string;
  /** A code that stands on the ledger: no personal data. */
  readonly reason: string;
  /** Who says so: a name that stays in the local store, its handle on the ledger. */
  readonly actor?: string;
}

export interface OpenErasure extends Omit<ErasureRequest, "patient"> {
  readonly id: number;
  /** Undefined: all is done but the answer. */
  readonly patient: string | undefined;
}

/** `names`: how many readable keys of rows were forgotten; or why it was refused. */
export type ErasureAnswer = { readonly names: number } | { readonly code: string; readonly message: string };

export interface ErasureRequests {
  /** Puts the request into the queue; its number is good for `answer`. */
  ask(request: ErasureRequest): number;
  open(): readonly OpenErasure[];
  /** Forgets whose erasure it is, here and in what operators accepted before. */
  forget(id: number, names: number): void;
  /** Gives the answer. */
  settle(id: number): void;
  refuse(id: number, reason: { readonly code: string; readonly message: string }): void;
  /** Undefined while it is not done. */
  answer(id: number): ErasureAnswer | undefined;
}

export class SqliteErasureRequests implements ErasureRequests {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  ask({ patient, reason, actor }: ErasureRequest): number {
    const insert = this.#db.prepare("INSERT INTO erasure (patient, reason, actor) VALUES (?, ?, ?)");
    return onDisk(() => Number(insert.run(patient, reason, actor ?? null).lastInsertRowid));
  }

  open(): readonly OpenErasure[] {
    const found = this.#db.prepare("SELECT * FROM erasure WHERE done = 0 ORDER BY id").all();
    return found.map((r) => ({
      id: Number(r["id"]),
      patient: typeof r["patient"] === "string" ? r["patient"] : undefined,
      reason: String(r["reason"]),
      ...(typeof r["actor"] === "string" ? { actor: r["actor"] } : {}),
    }));
  }

  forget(id: number, names: number): void {
    this.#run(
      `UPDATE request SET key = NULL, note = NULL FROM (SELECT patient FROM erasure WHERE id = ?) AS e
        WHERE (accepted IS NOT NULL OR code IS NOT NULL)
          AND (instr(request.key, e.patient) > 0 OR instr(request.note, e.patient) > 0)`,
      id,
    );
    this.#run("UPDATE erasure SET patient = NULL, names = ? WHERE id = ?", names, id);
  }

  settle(id: number): void {
    this.#run("UPDATE erasure SET done = 1 WHERE id = ?", id);
  }

  refuse(id: number, { code, message }: { readonly code: string; readonly message: string }): void {
    this.#run("UPDATE erasure SET patient = NULL, done = 1, code = ?, message = ? WHERE id = ?", code, message, id);
  }

  answer(id: number): ErasureAnswer | undefined {
    const r = this.#db.prepare("SELECT names, code, message FROM erasure WHERE id = ? AND done = 1").get(id);
    if (typeof r?.["names"] === "number") return { names: r["names"] };
    return typeof r?.["code"] === "string" ? { code: r["code"], message: String(r["message"]) } : undefined;
  }

  #run(sql: string, ...values: readonly (string | number)[]): void {
    onDisk(() => this.#db.prepare(sql).run(...values));
  }
}
