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
    ["another format", "UPDATE meta SET value = x'63' WHERE key = 'format'"],
    ["no format", "DELETE FROM meta WHERE key = 'format'"],
  ])("is not opened: %s", async (_, sql) => {
    change(sql);
    expect(await opened()).toEqual(both("ledger/damaged-store"));
  });

  it("says that a bundle is missing when it is", async () => {
    change("DELETE FROM bundles");
    const message = expect.stringContaining("is missing");
    await expect(ledger.open(dir)).rejects.toMatchObject({ code: "ledger/damaged-tile", message });
  });
});
