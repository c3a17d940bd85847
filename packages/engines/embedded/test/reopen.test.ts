import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { codeOf } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FILES, openReader } from "../src/index.ts";
import { receiptTag } from "../src/receipts.ts";
import { TestLedger, temporaryFolder } from "./support.ts";

describe("a ledger that is opened again", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let dir: string;
  let ledger: TestLedger;
  beforeEach(async () => {
    folder = temporaryFolder();
    dir = join(folder.dir, "ledger");
    ledger = new TestLedger();
    await ledger.create(dir);
  });
  afterEach(() => folder.remove());

  it("goes on where its last bundle is exactly full", async () => {
    let engine = await ledger.open(dir);
    // Founding document, its block, and then a command with its block.
    await engine.submit(ledger.fixture.command("test.emit", "a", { events: 252 }));
    expect((await engine.checkpoint()).size).toBe(256);
    await engine.close();
    engine = await ledger.open(dir);
    await engine.submit(ledger.fixture.command("test.put", "b"));
    expect((await engine.checkpoint()).size).toBe(258);
    await engine.close();
    expect((await ledger.verify(dir)).problems).toEqual([]);
  });

  it("gives no receipt that names another leaf, though its row fits itself", async () => {
    const tx = ledger.fixture.command("test.put", "a");
    let engine = await ledger.open(dir);
    const receipt = await engine.submit(tx);
    await engine.submit(ledger.fixture.command("test.put", "b"));
    await engine.close();
    const moved = { ...receipt, index: receipt.index + 2 };
    const db = new DatabaseSync(join(dir, FILES.store));
    const tag = receiptTag(native, moved);
    db.prepare("UPDATE receipts SET idx = ?, tag = ? WHERE id = ?").run(moved.index, tag, tx.id);
    db.close();
    engine = await ledger.open(dir);
    expect(await engine.receipt(tx.id).then(() => "given", codeOf)).toBe("ledger/damaged-store");
    await engine.close();
  });

  it("is not opened when any hash on the tree's edge is another one", async () => {
    let engine = await ledger.open(dir);
    await engine.submit(ledger.fixture.command("test.put", "a"));
    await engine.close();
    const db = new DatabaseSync(join(dir, FILES.store));
    const row = db.prepare("SELECT data FROM tiles WHERE id = 0").get();
    const data = Uint8Array.from(row?.["data"] as Uint8Array);
    data[0] = (data[0] ?? 0) ^ 1;
    db.prepare("UPDATE tiles SET data = ? WHERE id = 0").run(data);
    db.close();
    const opened = ledger.open(dir).then(async (opening) => {
      engine = opening;
      await engine.close();
      return "opened";
    }, codeOf);
    expect(await opened).toBe("ledger/damaged-store");
  });

  const codes = async (at: string) => [
    await ledger.open(at).then(async (engine) => engine.close().then(() => "opened"), codeOf),
    await openReader({ dir: at, primitives: native }).then(
      async (reader) => reader.close().then(() => "opened"),
      codeOf,
    ),
  ];
  async function written(by: TestLedger, at: string, name: string): Promise<string> {
    const engine = await by.open(at);
    await engine.submit(by.fixture.command("test.put", name));
    const { note } = await engine.checkpoint();
    await engine.close();
    return note;
  }

  it("is not opened beside a remembered checkpoint of its size, but of another history", async () => {
    const other = new TestLedger();
    const elsewhere = join(folder.dir, "other");
    await other.create(elsewhere);
    await written(ledger, dir, "a");
    expect(await codes(dir)).toEqual(["opened", "opened"]);
    writeFileSync(join(dir, FILES.remembered), await written(other, elsewhere, "b"));
    expect(await codes(dir)).toEqual(["ledger/rolled-back", "ledger/rolled-back"]);
  });

  it("is never ordered on from an older state, not even with a follower's mark that it was restored", async () => {
    const older = join(folder.dir, "older");
    const note = await written(ledger, dir, "a");
    cpSync(dir, older, { recursive: true });
    const newer = await written(ledger, dir, "b");
    writeFileSync(join(older, FILES.remembered), newer);
    writeFileSync(join(older, FILES.restored), note);
    expect(await codes(older)).toEqual(["ledger/rolled-back", "opened"]);
  });

  it("is not opened when the newest block and its checkpoint name different sizes", async () => {
    await written(ledger, dir, "a");
    const db = new DatabaseSync(join(dir, FILES.store));
    db.exec("UPDATE blocks SET size = size + 1 WHERE sequence = 1");
    db.close();
    expect(await codes(dir)).toEqual(["ledger/damaged-store", "ledger/damaged-store"]);
  });

  it("is let go of by a reader that is closed", async () => {
    const reader = await openReader({ dir, primitives: native });
    expect(reader.notes(0, 1)).toHaveLength(1);
    await reader.close();
    expect(() => reader.notes(0, 1)).toThrow();
  });

  it("is reported, not thrown, when its file is none; and missed when there is none", async () => {
    for (const name of [FILES.store, `${FILES.store}-wal`, `${FILES.store}-shm`])
      rmSync(join(dir, name), { force: true });
    writeFileSync(
      join(dir, FILES.store),
      "this is no database, and long enough to be taken for a damaged one. ".repeat(99),
    );
    const report = await ledger.verify(dir);
    expect(report).toMatchObject({ ok: false, origin: "", size: 0, commands: 0, events: 0, blocks: 0, unfollowed: 0 });
    expect(report.problems).toMatchObject([{ code: "ledger/damaged-store", where: "the store" }]);
    await expect(ledger.verify(join(dir, "nowhere"))).rejects.toMatchObject({ code: "ledger/no-ledger" });
  });
});
