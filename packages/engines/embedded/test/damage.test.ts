import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { codeOf } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FILES, openReader } from "../src/index.ts";
import { TestLedger, temporaryFolder } from "./support.ts";

describe("a store that contradicts its newest checkpoint", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let dir: string;
  const ledger = new TestLedger();
  beforeEach(async () => {
    folder = temporaryFolder();
    dir = join(folder.dir, "ledger");
    await ledger.create(dir);
    const engine = await ledger.open(dir);
    await engine.submit(ledger.fixture.command("test.put", "a"));
    await engine.submit(ledger.fixture.command("test.put", "b"));
    await engine.close();
  });
  afterEach(() => folder.remove());

  function change(sql: string): void {
    const db = new DatabaseSync(join(dir, FILES.store));
    db.exec(sql);
    db.close();
  }

  const opened = async (): Promise<unknown[]> => {
    const close = (opening: { close(): Promise<void> }) => opening.close().then(() => "opened");
    return [
      await openReader({ dir, primitives: native }).then(close, codeOf),
      await ledger.open(dir).then(close, codeOf),
    ];
  };
  const both = (code: string) => [code, code];

  it("is opened as long as it does not", async () => {
    expect(await opened()).toEqual(both("opened"));
  });

  it.each([
    ["a block that begins too early", "UPDATE blocks SET first = first - 1 WHERE sequence = 2"],
    ["a block without leaves", "UPDATE blocks SET first = size WHERE sequence = 2"],
    ["a block without the one before it", "DELETE FROM blocks WHERE sequence = 1"],
    [
      "a first block that does not begin the log",
      "DELETE FROM blocks WHERE sequence < 2; UPDATE blocks SET sequence = 0",
    ],
    ["blocks with other numbers", "UPDATE blocks SET sequence = sequence + 10"],
    ["a block with another time", "UPDATE blocks SET time = time + 1 WHERE sequence = 2"],
    ["no blocks", "DELETE FROM blocks"],
    ["no format", "DELETE FROM meta WHERE key = 'format'"],
  ])("is not opened: %s", async (_, sql) => {
    change(sql);
    expect(await opened()).toEqual(both("ledger/damaged-store"));
  });

  it("says which format a ledger of another version has, and what to do", async () => {
    change("UPDATE meta SET value = x'01' WHERE key = 'format'; DROP TABLE state");
    const message = expect.stringMatching(/has format 1, .* import the log anew/);
    await expect(ledger.open(dir)).rejects.toMatchObject({ code: "ledger/other-format", message });
    await expect(openReader({ dir, primitives: native })).rejects.toMatchObject({
      code: "ledger/other-format",
      message,
    });
  });

  it.each([
    ["a value under another key", "state", "UPDATE state SET key = 'test/c' WHERE key IS NOT NULL AND key LIKE '%b'"],
    ["a value too many", "state", "INSERT INTO state SELECT randomblob(33), 'test/c', x'01'"],
    ["a value altered", "state", "UPDATE state SET value = x'07' WHERE key LIKE '%b'"],
    [
      "a page of the tree among the values",
      "nodes",
      "INSERT INTO state VALUES (x'abcd04', NULL, CAST(x'8000' || zeroblob(65) AS BLOB))",
    ],
    ["a page of the tree that has no place", "nodes", "INSERT INTO state VALUES (x'abcd', NULL, x'00')"],
    ["a page of the tree moved", "nodes", "UPDATE nodes SET id = id + 1000 WHERE id > 15"],
    ["a page of the tree missing", "nodes", "DELETE FROM nodes WHERE id > 15"],
    ["a page of the tree cut", "nodes", "UPDATE nodes SET data = substr(data, 1, 66) WHERE id = 1"],
  ])("is told by verification: %s", async (_, table, sql) => {
    change(sql);
    const { problems } = await ledger.verify(dir);
    expect(problems.map((each) => [each.code, each.where])).toEqual([["ledger/damaged-store", `table ${table}`]]);
  });

  it("gives out no value, and no receipt, that was altered", async () => {
    const tx = ledger.fixture.command("test.put", "d");
    const writing = await ledger.open(dir);
    await writing.submit(tx);
    await writing.close();
    change("UPDATE state SET value = x'07' WHERE key LIKE '%d'; UPDATE receipts SET time = time + 1");
    const engine = await ledger.open(dir);
    const reader = await openReader({ dir, primitives: native });
    const asked = [engine.read("test/d"), reader.read("test/d"), engine.receipt(tx.id)];
    expect(await Promise.all(asked.map((each) => each.then(() => "given", codeOf)))).toEqual([
      "ledger/damaged-store",
      "ledger/damaged-store",
      "ledger/damaged-store",
    ]);
    await reader.close();
    await engine.close();
  });

  it("says that a bundle is missing when it is", async () => {
    change("DELETE FROM bundles");
    const message = expect.stringContaining("is missing");
    await expect(ledger.open(dir)).rejects.toMatchObject({ code: "ledger/damaged-tile", message });
  });
});
