import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { codeOf } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { type Engine, type LogReader, leafHash, type Receipt, verifyInclusion } from "@anamnesis/ledger";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  catchUp,
  compactLedger,
  FILES,
  type LedgerReader,
  openOrFound,
  openReader,
  planPrune,
  pruneEntries,
  verifyLedger,
} from "../src/index.ts";
import { followed } from "./replica-support.ts";
import { TestLedger, temporaryFolder } from "./support.ts";

const BATCHES = 6;
const EVENTS = 300;

async function filled(ledger: TestLedger, dir: string): Promise<{ engine: Engine; receipts: Receipt[] }> {
  await ledger.create(dir);
  const engine = await ledger.open(dir);
  const receipts: Receipt[] = [];
  for (let i = 0; i < BATCHES; i++) {
    receipts.push(await engine.submit(ledger.fixture.command("test.emit", `k${i}`, { events: EVENTS })));
  }
  return { engine, receipts };
}

async function listed(from: LogReader, first: number, end: number): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const { leaf } of from.leaves(first, end)) found.push(leaf.slice());
  return found;
}

describe("dropping the entries of a ledger", () => {
  const { dir, remove } = temporaryFolder();
  const other = temporaryFolder();
  const ledger = new TestLedger();
  const leaves: Uint8Array[] = [];
  const copies = new Map<string, Uint8Array>();
  let engine: Engine;
  let receipts: Receipt[];
  let reader: LedgerReader;
  let size = 0;
  let answers: readonly (readonly Uint8Array[])[];
  const options = { dir, primitives: native, genesis: ledger.fixture.genesis };
  const verify = (more: object = {}) => ledger.verify(dir, more);

  const proofs = async () => {
    const found: (readonly Uint8Array[])[] = [];
    for (let i = 0; i < size; i += 97) {
      found.push(await engine.inclusion(i, size), await engine.consistency(i, size));
    }
    return found;
  };

  beforeAll(async () => {
    ({ engine, receipts } = await filled(ledger, dir));
    ({ size } = await engine.checkpoint());
    leaves.push(...(await listed(engine, 0, size)));
    answers = await proofs();
    reader = await openReader(options);
    for (const path of ["tile/entries/000", "tile/entries/001", "tile/entries/002", "tile/entries/003"]) {
      const data = (await reader.tile(path)) ?? new Uint8Array(0);
      copies.set(path, data);
      mkdirSync(join(archive, "tile/entries"), { recursive: true });
      writeFileSync(join(archive, path), data);
    }
  });
  afterAll(async () => {
    await reader.close();
    await engine.close();
    remove();
    other.remove();
  });
  const archived = async (path: string) => copies.get(path);
  const archive = join(other.dir, "archive");
  const away = join(other.dir, "away");

  it("plans whole bundles, and never the last one", async () => {
    const { bytes, ...plan } = await planPrune({ ...options, before: 1000 });
    expect(plan).toEqual({ from: 0, to: 768 });
    expect(bytes).toBeGreaterThan(768 * 50);
    expect(await planPrune({ ...options, before: 10 ** 9 })).toMatchObject({ from: 0, to: 1792 });
    expect(await planPrune({ ...options, before: 255 })).toEqual({ from: 0, to: 0, bytes: 0 });
  });

  it("drops nothing that the archive lacks or has otherwise", async () => {
    const lacking = pruneEntries({ ...options, before: 1300, archive });
    expect(await lacking.catch(codeOf)).toBe("ledger/not-archived");
    writeFileSync(join(archive, "tile/entries/002"), "altered");
    const altered = pruneEntries({ ...options, before: 1000, archive });
    expect(await altered.catch(codeOf)).toBe("ledger/not-archived");
    writeFileSync(join(archive, "tile/entries/002"), copies.get("tile/entries/002") ?? "");
    expect(reader.pruned()).toBe(0);
    expect(await verify()).toMatchObject({ ok: true, pruned: 0, replayed: true });
  });

  it("drops them beside a node that goes on ordering", async () => {
    expect(await pruneEntries({ ...options, before: 1100, archive })).toEqual({ from: 0, to: 1024 });
    const before = size;
    receipts.push(await engine.submit(ledger.fixture.command("test.emit", "next", { events: 10 })));
    expect((await engine.checkpoint()).size).toBe(before + 12);
    expect(reader.pruned()).toBe(1024);
  });

  it("gives what was dropped from the archive, checked, as long as that is there", async () => {
    expect(await listed(engine, 0, 1030)).toEqual(leaves.slice(0, 1030));
    expect(await verify()).toMatchObject({ ok: true, pruned: 0, replayed: true });
    writeFileSync(join(archive, "tile/entries/002"), copies.get("tile/entries/001") ?? "");
    expect(await listed(reader, 512, 600).catch(codeOf)).toBe("ledger/damaged-tile");
    renameSync(archive, away);
    expect(await listed(reader, 512, 600).catch(codeOf)).toBe("ledger/pruned");
  });

  it("names what was dropped, and gives what was not", async () => {
    for (const from of [engine, reader]) {
      expect(await from.tile("tile/entries/000").catch(codeOf)).toBe("ledger/pruned");
      expect(await from.tile("tile/entries/003.p/9").catch(codeOf)).toBe("ledger/pruned");
      expect(await from.tile("tile/entries/004")).toBeInstanceOf(Uint8Array);
      expect(await from.tile("tile/0/000")).toBeInstanceOf(Uint8Array);
      expect(await listed(from, 1000, 1030).catch(codeOf)).toBe("ledger/pruned");
      expect(await listed(from, 1024, 1030)).toEqual(leaves.slice(1024, 1030));
    }
  });

  it("gives the same proofs as before, for every index", async () => {
    expect(await proofs()).toEqual(answers);
    const { root, size: now } = await engine.checkpoint();
    const property = fc.asyncProperty(fc.nat(size - 1), async (index) => {
      const path = await engine.inclusion(index, now);
      const leaf = leaves[index] ?? new Uint8Array(0);
      expect(verifyInclusion(native, leafHash(native, leaf), index, now, path, root)).toBe(true);
    });
    await fc.assert(property, { numRuns: 50 });
  });

  it("gives the same receipts as before, also after a restart, and executes nothing twice", async () => {
    await engine.close();
    engine = await ledger.open(dir);
    for (const receipt of receipts) expect(await engine.receipt(receipt.id)).toEqual(receipt);
  });

  it("is sound for log verify, which says what it could not read; with the archive it executes all again", async () => {
    expect(await verify()).toMatchObject({ ok: true, problems: [], pruned: 1024, replayed: false });
    expect(await verify({ archive: archived })).toMatchObject({ ok: true, problems: [], pruned: 0, replayed: true });
  });

  it("is sound also for who does not name the founding document", async () => {
    const { genesis: _, ...rest } = ledger.options(dir);
    expect(await verifyLedger(rest)).toMatchObject({ ok: true, pruned: 1024, trust: "first-use" });
  });

  it("leaves a follower that is behind without what it needs, and says so", async () => {
    const behind = { ...options, contract: ledger.options("").contract, dir: join(other.dir, "behind") };
    const replica = await openOrFound(behind, followed(reader));
    const caught = catchUp(replica, followed(reader), { primitives: native, signal: AbortSignal.timeout(60_000) });
    expect(await caught.catch(codeOf)).toBe("ledger/pruned");
    replica.close();
  });

  it("does nothing the second time, and goes on where it stopped", async () => {
    expect(await pruneEntries({ ...options, before: 1100 })).toEqual({ from: 1024, to: 1024 });
    expect(await pruneEntries({ ...options, before: 1300 })).toEqual({ from: 1024, to: 1280 });
    expect(await verify()).toMatchObject({ ok: true, pruned: 1280 });
  });

  it("gives the space back only while nobody writes", async () => {
    expect(() => compactLedger(dir)).toThrow(expect.objectContaining({ code: "ledger/locked" }));
    await engine.close();
    await reader.close();
    compactLedger(dir);
    expect(await verify()).toMatchObject({ ok: true, pruned: 1280 });
    engine = await ledger.open(dir);
    reader = await openReader(options);
  });

  it("does not make damage disappear", async () => {
    const db = new DatabaseSync(join(dir, FILES.store));
    db.exec("UPDATE bundles SET data = zeroblob(length(data)) WHERE idx = 6");
    expect(await pruneEntries({ ...options, before: 1792 }).catch(codeOf)).toBe("ledger/damaged-tile");
    expect(reader.pruned()).toBe(1280);
    db.close();
  });

  it.each([
    ["a part of a bundle", "UPDATE meta SET value = x'190501' WHERE key = 'pruned'"],
    ["no number", "UPDATE meta SET value = x'ff' WHERE key = 'pruned'"],
    ["more than there is", "UPDATE meta SET value = x'1a00100000' WHERE key = 'pruned'"],
  ])("refuses a store that says it dropped %s", async (_what, sql) => {
    const db = new DatabaseSync(join(dir, FILES.store));
    const { value } = db.prepare("SELECT value FROM meta WHERE key = 'pruned'").get() ?? {};
    db.exec(sql);
    expect((await verify()).problems).toMatchObject([{ code: "ledger/damaged-store" }]);
    db.prepare("UPDATE meta SET value = ? WHERE key = 'pruned'").run(value ?? null);
    db.close();
  });
});
