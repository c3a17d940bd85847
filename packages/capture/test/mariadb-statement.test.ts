/** Statements in MariaDB's log: what empties tables, who speaks, and nothing that an application could forge in a value. */
import { describe, expect, it } from "vitest";
import { readStatement, spokenActor } from "../src/mariadb/statement.ts";

describe("statements of the log", () => {
  it.each([
    ["TRUNCATE TABLE labs", "hospital", "labs"],
    ["truncate labs", "hospital", "labs"],
    ["TRUNCATE TABLE `odd ``name`", "hospital", "odd `name"],
    ["TRUNCATE TABLE other.`t.x` WAIT 5", "other", "t.x"],
    ["/* why */ TRUNCATE /* what */ TABLE `other` . labs", "other", "labs"],
    ["-- note\nTRUNCATE TABLE labs", "hospital", "labs"],
  ])("empty a table: %s", (sql, database, table) => {
    expect(readStatement("hospital", sql)).toEqual({ kind: "truncate", database, table });
  });

  it.each([
    ["BEGIN", "begin"],
    ["COMMIT", "commit"],
    ["ROLLBACK", "rollback"],
    ["ROLLBACK TO `a`", "savepoint"],
    ["SAVEPOINT a", "savepoint"],
    ["XA COMMIT X'61',X'',1", "xa-commit"],
    ["XA ROLLBACK X'61'", "xa-rollback"],
    ["ALTER TABLE truncate ADD x INT", "schema"],
    ["CREATE TABLE t AS SELECT 1", "schema"],
    ["INSERT INTO t VALUES ('TRUNCATE TABLE labs')", "rows"],
    ["GRANT ALL ON *.* TO x IDENTIFIED BY 'secret'", "other"],
    ["", "other"],
  ])("are told apart: %s", (sql, kind) => {
    expect(readStatement("hospital", sql).kind).toBe(kind);
  });
});

describe("who acts", () => {
  const spoken = (text: string) => spokenActor(Buffer.from(text));

  it("is said by a comment at the very beginning", () => {
    expect(spoken(`/* anamnesis {"actor": "dr.wang", "purpose": "care"} */ UPDATE t SET a = 1`)).toEqual({
      actor: "dr.wang",
      purpose: "care",
    });
    expect(spoken(`  /*anamnesis {"actor": ""}*/ DELETE FROM t`)).toEqual({ actor: null, purpose: null });
  });

  it("is not said anywhere else", () => {
    expect(spoken(`UPDATE t SET a = '/* anamnesis {"actor": "x"} */'`)).toBeUndefined();
    expect(spoken(`/* other */ /* anamnesis {"actor": "x"} */ UPDATE t SET a = 1`)).toBeUndefined();
    expect(spoken(`/* anamnesisx {"actor": "x"} */ UPDATE t SET a = 1`)).toBeUndefined();
  });

  it("is ignored and counted when it is out of form", () => {
    expect(spoken("/* anamnesis nurse */ UPDATE t SET a = 1")).toBeNull();
    expect(spoken(`/* anamnesis {"actor": 5} */ UPDATE t SET a = 1`)).toBeNull();
    expect(spoken(`/* anamnesis {"actor": "${"x".repeat(600)}"} */ UPDATE t`)).toBeNull();
    expect(spoken("/* anamnesis {")).toBeNull();
  });
});
