import { DatabaseSync } from "node:sqlite";
import { codeOf } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { inTransaction } from "../src/local-store.ts";

/** A database that takes a few pages and no more: SQLite then answers as on a full disk, and rolls back by itself. */
function small(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  db.exec("PRAGMA max_page_count = 8; CREATE TABLE t (n INTEGER PRIMARY KEY, data BLOB)");
  return db;
}

const insert = (db: DatabaseSync, bytes: number) => () =>
  db.prepare("INSERT INTO t (data) VALUES (?)").run(new Uint8Array(bytes));
const rows = (db: DatabaseSync) => db.prepare("SELECT count(*) AS n FROM t").get()?.["n"];

const codeFrom = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    return codeOf(error) ?? "foreign";
  }
  return undefined;
};

describe("a local store", () => {
  it("names a full disk, keeps nothing of the transaction, and takes the next one that fits", () => {
    const db = small();
    inTransaction(db, insert(db, 10));
    expect(codeFrom(() => inTransaction(db, insert(db, 100_000)))).toBe("capture/disk-full");
    expect(rows(db)).toBe(1);
    inTransaction(db, insert(db, 10));
    expect(rows(db)).toBe(2);
  });

  it("makes one transaction of those within another", () => {
    const db = small();
    const both = () => {
      inTransaction(db, insert(db, 10));
      throw new Error("something else");
    };
    expect(codeFrom(() => inTransaction(db, both))).toBe("foreign");
    expect(rows(db)).toBe(0);
    inTransaction(db, () => inTransaction(db, insert(db, 10)));
    expect([rows(db), db.isTransaction]).toEqual([1, false]);
  });

  it("lets other errors through, undone", () => {
    const db = small();
    const wrong = () => {
      insert(db, 10)();
      throw new Error("something else");
    };
    expect(codeFrom(() => inTransaction(db, wrong))).toBe("foreign");
    expect(rows(db)).toBe(0);
  });
});
