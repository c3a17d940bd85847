/**
 * Which rows refer to which: kept on disk for foreign keys that act, because the log does not tell what they do. Rows stand
 * in it by their key and a hash of what they refer to, nothing else. A cache that only our own machine holds: losing it makes
 * rows that went with others `missing`, and lets nothing pass.
 *
 * Each entry says in which transaction it came and went, so that going back to an earlier place gives what was there then.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type Bytes, fromHex, toHex, utf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { captureError } from "../errors.ts";
import { onDisk } from "../local-store.ts";

const VERSION = 1;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS foreign_key (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, fed INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS child (foreign_key INTEGER NOT NULL, parent BLOB NOT NULL, key BLOB NOT NULL,
    came INTEGER NOT NULL, went INTEGER, PRIMARY KEY (foreign_key, parent, key)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS by_key ON child (foreign_key, key);
  CREATE INDEX IF NOT EXISTS came ON child (came) WHERE came > 0;
  CREATE INDEX IF NOT EXISTS went ON child (went) WHERE went IS NOT NULL;`;
const HASH_BYTES = 16;

export class Children {
  readonly #db: DatabaseSync;
  readonly #primitives: Primitives;
  readonly #ids = new Map<string, number>();
  readonly #statements = new Map<string, StatementSync>();

  /** @throws AnamnesisError `capture/damaged-store`, `capture/store-version` */
  constructor(path: string, primitives: Primitives) {
    this.#primitives = primitives;
    this.#db = new DatabaseSync(path);
    try {
      this.#db.exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000",
      );
      const version = Number(this.#db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
      if (version > VERSION) throw captureError("capture/store-version", "children.db is of a newer version: upgrade");
      this.#db.exec(`${SCHEMA} PRAGMA user_version = ${VERSION};`);
    } catch (cause) {
      this.#db.close();
      if (cause instanceof Error && "code" in cause && cause.code === "capture/store-version") throw cause;
      throw captureError(
        "capture/damaged-store",
        "children.db is damaged: delete it, and capture makes it anew",
        {},
        { cause },
      );
    }
  }

  /** What a row refers to, from the texts of its columns; undefined when one is NULL: then it refers to nothing. */
  reference(texts: readonly (Bytes | null | undefined)[]): Uint8Array | undefined {
    if (texts.some((text) => text === null || text === undefined)) return undefined;
    const text = texts.map((t) => toHex(t ?? new Uint8Array())).join("/");
    return this.#primitives.sha256(utf8(text)).slice(0, HASH_BYTES);
  }

  isFed(name: string): boolean {
    return this.#run("SELECT fed FROM foreign_key WHERE id = ?").get(this.#id(name))?.["fed"] === 1;
  }

  setFed(name: string): void {
    this.#write("UPDATE foreign_key SET fed = 1 WHERE id = ?", this.#id(name));
  }

  /** Notes a row that a snapshot showed. */
  feed(name: string, parent: Uint8Array, key: Bytes): void {
    this.#write("INSERT OR IGNORE INTO child VALUES (?, ?, ?, 0, NULL)", this.#id(name), parent, key);
  }

  add(name: string, parent: Uint8Array, key: Bytes, at: bigint): void {
    this.#write("INSERT OR REPLACE INTO child VALUES (?, ?, ?, ?, NULL)", this.#id(name), parent, key, at);
  }

  remove(name: string, parent: Uint8Array, key: Bytes, at: bigint): void {
    this.#write(
      "UPDATE child SET went = ? WHERE foreign_key = ? AND parent = ? AND key = ?",
      ...[at, this.#id(name), parent, key],
    );
  }

  /** The row is gone, whatever it referred to. */
  removeKey(name: string, key: Bytes, at: bigint): void {
    this.#write(
      "UPDATE child SET went = ? WHERE foreign_key = ? AND key = ? AND went IS NULL",
      ...[at, this.#id(name), key],
    );
  }

  /** The table that refers was emptied. */
  clear(name: string, at: bigint): void {
    this.#write("UPDATE child SET went = ? WHERE foreign_key = ? AND went IS NULL", at, this.#id(name));
  }

  /** Keys of the rows that refer to it now, always in the same order. */
  of(name: string, parent: Uint8Array): readonly Uint8Array[] {
    const found = this.#run(
      "SELECT hex(key) AS key FROM child WHERE foreign_key = ? AND parent = ? AND went IS NULL ORDER BY key",
    ).all(this.#id(name), parent);
    return found.map((row) => fromHex(String(row["key"]).toLowerCase()));
  }

  /** The stream goes on behind `at`: what came or went later will be told again. What went before is needed no more. */
  rewind(at: bigint): void {
    this.#write("DELETE FROM child WHERE came > ?", at);
    this.#write("UPDATE child SET went = NULL WHERE went > ?", at);
    this.#write("DELETE FROM child WHERE went IS NOT NULL");
    this.flush();
  }

  /** Everything begins anew. */
  reset(): void {
    this.#write("DELETE FROM child");
    this.#write("UPDATE foreign_key SET fed = 0");
  }

  /** Makes what was written durable. */
  flush(): void {
    if (this.#db.isTransaction) onDisk(() => this.#db.exec("COMMIT"));
  }

  close(): void {
    if (!this.#db.isOpen) return;
    this.flush();
    this.#db.close();
  }

  #id(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    this.#write("INSERT OR IGNORE INTO foreign_key (name, fed) VALUES (?, 0)", name);
    const id = Number(this.#run("SELECT id FROM foreign_key WHERE name = ?").get(name)?.["id"]);
    this.#ids.set(name, id);
    return id;
  }

  #write(sql: string, ...values: readonly (string | number | bigint | Uint8Array)[]): void {
    onDisk(() => {
      if (!this.#db.isTransaction) this.#db.exec("BEGIN");
      this.#run(sql).run(...values);
    });
  }

  #run(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
