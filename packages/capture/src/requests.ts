/** What operators ask of the running capture, from whichever process: to accept rows as they are, with a reason. */
import type { DatabaseSync } from "node:sqlite";
import { onDisk } from "./local-store.ts";

export const REQUESTS_SQL = `
  CREATE TABLE IF NOT EXISTS request (id INTEGER PRIMARY KEY, tbl TEXT NOT NULL, key TEXT, reason TEXT NOT NULL,
    note TEXT, actor TEXT, accepted INTEGER, code TEXT, message TEXT) STRICT;
`;

export interface AcceptRequest {
  /** `schema.table`, also of a table that is gone. */
  readonly table: string;
  /** Key text of one row; null = every row of the table that is not as it was vouched for. */
  readonly key: string | null;
  /** A code that stands on the ledger: no personal data. */
  readonly reason: string;
  /** Words for people. They stay in the local store. */
  readonly note?: string;
  /** Who says so: a name that stays in the local store, its handle on the ledger. */
  readonly actor?: string;
}

export interface OpenRequest extends AcceptRequest {
  readonly id: number;
}

/** `accepted`: how many rows; or why it was refused. */
export type RequestAnswer = { readonly accepted: number } | { readonly code: string; readonly message: string };

export interface Requests {
  /** Puts the request into the queue; its number is good for `answer`. */
  ask(request: AcceptRequest): number;
  open(): readonly OpenRequest[];
  settle(id: number, answer: RequestAnswer): void;
  /** Undefined while it is not done. */
  answer(id: number): RequestAnswer | undefined;
}

export class SqliteRequests implements Requests {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  ask({ table, key, reason, note, actor }: AcceptRequest): number {
    const insert = this.#db.prepare("INSERT INTO request (tbl, key, reason, note, actor) VALUES (?, ?, ?, ?, ?)");
    return onDisk(() => Number(insert.run(table, key, reason, note ?? null, actor ?? null).lastInsertRowid));
  }

  open(): readonly OpenRequest[] {
    const found = this.#db.prepare("SELECT * FROM request WHERE accepted IS NULL AND code IS NULL ORDER BY id").all();
    return found.map((r) => ({
      id: Number(r["id"]),
      table: String(r["tbl"]),
      key: typeof r["key"] === "string" ? r["key"] : null,
      reason: String(r["reason"]),
      ...(typeof r["actor"] === "string" ? { actor: r["actor"] } : {}),
    }));
  }

  settle(id: number, answer: RequestAnswer): void {
    const values = "accepted" in answer ? [answer.accepted, null, null] : [null, answer.code, answer.message];
    const update = this.#db.prepare("UPDATE request SET accepted = ?, code = ?, message = ? WHERE id = ?");
    onDisk(() => update.run(...values, id));
  }

  answer(id: number): RequestAnswer | undefined {
    const r = this.#db.prepare("SELECT accepted, code, message FROM request WHERE id = ?").get(id);
    if (typeof r?.["accepted"] === "number") return { accepted: r["accepted"] };
    return typeof r?.["code"] === "string" ? { code: r["code"], message: String(r["message"]) } : undefined;
  }
}
