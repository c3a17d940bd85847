import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { codeOf, toHex } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import type { Engine } from "@anamnesis/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  catchUp,
  FILES,
  type LedgerReader,
  LogRefused,
  MANIFEST,
  manifestFromJson,
  manifestToJson,
  openOrFound,
  openReader,
  openReplica,
  pruneEntries,
  type RestoreOptions,
  restoreSnapshot,
  type SnapshotManifest,
  takeSnapshot,
} from "../src/index.ts";
import { followed } from "./replica-support.ts";
import { TestLedger, temporaryFolder } from "./support.ts";

let ledger: TestLedger;
let folder: ReturnType<typeof temporaryFolder>;
let engine: Engine;
let reader: LedgerReader;
let snapshot: string;
const at = (name: string) => join(folder.dir, name);
const emit = (events = 200) => engine.submit(ledger.fixture.command("test.emit", "k", { events }));
const take = (name: string, options = {}) => takeSnapshot(reader, at(name), { primitives: native, ...options });

const restore = (name: string, change: Partial<RestoreOptions> = {}) => {
  const { genesis, primitives, contract } = ledger.options("");
  return restoreSnapshot({ dir: at(name), snapshot, genesis, primitives, contract, follows: true, ...change });
};
const orders = { follows: false };
const refusal = (work: Promise<unknown>): Promise<string | undefined> => {
  return work.then(() => "nothing", codeOf);
};
const edit = (change: Partial<SnapshotManifest>) => {
  const file = join(snapshot, MANIFEST);
  writeFileSync(file, manifestToJson({ ...manifestFromJson(readFileSync(file)), ...change }));
};

beforeEach(async () => {
  ledger = new TestLedger();
  folder = temporaryFolder();
  snapshot = at("snapshot");
  await ledger.create(at("ledger"));
  engine = await ledger.open(at("ledger"));
  await emit();
  await emit();
  reader = await openReader({ ...ledger.options(at("ledger")) });
});
afterEach(async () => {
  await reader.close();
  await engine.close();
  folder.remove();
});

describe("a snapshot", () => {
  it("is of one moment while the node goes on ordering, with progress", async () => {
    await emit(3000);
    const { size } = await engine.checkpoint();
    const seen: number[] = [];
    let ordering: Promise<unknown> | undefined;
    const manifest = await take("snapshot", {
      onProgress: (done: number, total: number) => {
        seen.push(done / total);
        ordering ??= emit();
      },
    });
    await ordering;
    expect(manifest).toMatchObject({ size, pruned: 0, sealed: null, chain: "conformance" });
    expect(manifest.checkpoint.length).toBeGreaterThan(100);
    expect(readdirSync(snapshot).toSorted()).toEqual([FILES.store, MANIFEST]);
    expect(await ledger.verify(snapshot)).toMatchObject({ ok: true, size, replayed: true });
    expect(statSync(snapshot).mode & 0o077).toBe(0);
    expect(seen.length).toBeGreaterThan(0);
    expect((await engine.checkpoint()).size).toBeGreaterThan(size);
  });

  it("overwrites nothing, and takes an empty folder", async () => {
    mkdirSync(snapshot);
    await take("snapshot");
    expect(await refusal(take("snapshot"))).toBe("ledger/exists");
  });

  it("leaves nothing when it is stopped, and clears away what a killed one left", async () => {
    const stop = new AbortController();
    stop.abort(new RangeError("enough"));
    await expect(take("snapshot", { signal: stop.signal })).rejects.toThrow("enough");
    expect(readdirSync(folder.dir)).toEqual(["ledger"]);
    mkdirSync(at("snapshot.unfinished"));
    writeFileSync(join(at("snapshot.unfinished"), FILES.store), "half");
    await take("snapshot");
    expect(readdirSync(folder.dir).toSorted()).toEqual(["ledger", "snapshot"]);
  });
});

describe("restoring a snapshot", () => {
  it("gives a ledger that goes on as the first one would have", async () => {
    await take("snapshot");
    expect(await restore("copy", orders)).toMatchObject({ size: 406, pruned: 0, replayed: true, toReach: undefined });
    const next = ledger.fixture.command("test.emit", "n", { events: 3 });
    const copy = await ledger.open(at("copy"));
    await engine.submit(next);
    await copy.submit(next);
    expect((await copy.checkpoint()).note).toBe((await engine.checkpoint()).note);
    await copy.close();
    expect(await ledger.verify(at("copy"))).toMatchObject({ ok: true });
    expect(readdirSync(at("copy"))).not.toContain("restoring");
  });

  it("puts a damaged store aside and heals the folder", async () => {
    await take("snapshot");
    await reader.close();
    await engine.close();
    const file = join(at("ledger"), FILES.store);
    writeFileSync(file, readFileSync(file).fill(7, 0, 20_000));
    await restore("ledger", orders);
    expect(readdirSync(join(at("ledger"), "replaced"))).toContain(FILES.store);
    engine = await ledger.open(at("ledger"));
    reader = await openReader(ledger.options(at("ledger")));
    expect((await emit(1)).sequence).toBe(3);
  });

  it("brings an older ledger of the same history forward, beside those who read it, never under one who writes", async () => {
    await take("first");
    await emit();
    await take("snapshot");
    snapshot = at("first");
    await restore("copy", orders);
    snapshot = at("snapshot");
    const { genesis } = ledger.fixture;
    const open = await openReader({ dir: at("copy"), primitives: native, genesis });
    await restore("copy", orders);
    expect((await open.checkpoint()).size).toBe(406);
    await open.close();
    expect(await ledger.verify(at("copy"))).toMatchObject({ ok: true, size: 608 });
    expect(await refusal(restore("ledger", orders))).toBe("ledger/locked");
  });

  it("refuses to bring back what an orderer has signed beyond, wherever that is known from", async () => {
    await take("snapshot");
    await emit(1);
    const { note } = await engine.checkpoint();
    await reader.close();
    await engine.close();
    expect(await refusal(restore("ledger", { ...orders, replaceNewer: true }))).toBe("ledger/rolled-back");
    rmSync(join(at("ledger"), FILES.store));
    expect(await refusal(restore("ledger", orders))).toBe("ledger/rolled-back");
    rmSync(join(at("ledger"), FILES.remembered));
    expect(await refusal(restore("ledger", { ...orders, known: [note] }))).toBe("ledger/rolled-back");
    expect(existsSync(join(at("ledger"), FILES.store))).toBe(false);
    await restore("ledger", { ...orders, known: ["not a note"] });
    engine = await ledger.open(at("ledger"));
    reader = await openReader(ledger.options(at("ledger")));
  });

  it("refuses what contradicts a checkpoint that the log signed, wherever that is known from", async () => {
    await take("snapshot");
    const { size } = await reader.checkpoint();
    await ledger.create(at("other"));
    const forked = await ledger.open(at("other"));
    for (let i = 0; i < 2; i++) await forked.submit(ledger.fixture.command("test.emit", "other", { events: 200 }));
    const other = await forked.checkpoint();
    await forked.close();
    expect(other.size).toBe(size);
    expect(await refusal(restore("x", { known: [other.note] }))).toBe("ledger/rolled-back");
    edit({ sealed: other.note });
    expect(await refusal(restore("x"))).toBe("ledger/rolled-back");
    edit({ sealed: null, checkpoint: other.note });
    expect(await refusal(restore("x"))).toBe("ledger/bad-snapshot");
  });

  it("refuses what is altered, incomplete, or of another ledger, and leaves the folder as it was", async () => {
    await take("snapshot");
    const good = at("good");
    cpSync(snapshot, good, { recursive: true });
    const again = () => {
      rmSync(snapshot, { recursive: true });
      cpSync(good, snapshot, { recursive: true });
    };
    const other = ledger.fixture.genesis;
    expect(await refusal(restore("x", { genesis: { ...other, time: 5 } }))).toBe("ledger/wrong-chain");
    edit({ size: 5 });
    expect(await refusal(restore("x"))).toBe("ledger/bad-snapshot");
    again();
    const store = join(snapshot, FILES.store);
    const bytes = readFileSync(store);
    // The last one where nobody but the manifest's hash sees it: bytes 72 to 91 are reserved (sqlite.org/fileformat.html).
    for (const spoiled of [bytes.subarray(0, 8192), bytes.with(30_000, (bytes[30_000] ?? 0) ^ 1), bytes.with(75, 1)]) {
      writeFileSync(store, spoiled);
      expect(await refusal(restore("x"))).toBe("ledger/bad-snapshot");
    }
    // Also by one who writes a manifest to fit.
    for (const sql of ["UPDATE receipts SET time = time + 1", "UPDATE state SET value = x'07' WHERE key IS NOT NULL"]) {
      again();
      const db = new DatabaseSync(store);
      db.exec(sql);
      db.close();
      const altered = readFileSync(store);
      edit({ store: { bytes: altered.length, sha256: toHex(native.sha256(altered)) } });
      expect(await refusal(restore("x"))).toBe("ledger/bad-snapshot");
    }
    rmSync(store);
    expect(await refusal(restore("x"))).toBe("ledger/bad-snapshot");
    rmSync(join(snapshot, MANIFEST));
    expect(await refusal(restore("x"))).toBe("ledger/bad-snapshot");
    expect(readdirSync(at("x"))).toEqual([FILES.lock]);
  });
});

describe("a follower restored to an older state", () => {
  const replica = () => openReplica({ ...ledger.options(at("copy")) });
  const follow = async (log = followed(reader)) => {
    const opened = await replica();
    try {
      return await catchUp(opened, log, { primitives: native, signal: AbortSignal.timeout(60_000) });
    } finally {
      opened.close();
    }
  };

  /** A replica that has seen more than the snapshot has; its store is gone. */
  async function lost(): Promise<void> {
    await take("snapshot");
    await restore("copy");
    await emit();
    await follow();
    rmSync(join(at("copy"), FILES.store));
  }

  it("says what it must reach, is readable meanwhile, and catches up", async () => {
    await lost();
    expect(await restore("copy")).toMatchObject({ size: 406, toReach: 608 });
    const between = await openReader(ledger.options(at("copy")));
    expect((await between.checkpoint()).size).toBe(406);
    await between.close();
    expect(await ledger.verify(at("copy"))).toMatchObject({ ok: true, size: 406 });
    (await replica()).close();
    expect(await follow()).toBe(608);
    expect(existsSync(join(at("copy"), FILES.restored))).toBe(false);
    expect(await ledger.verify(at("copy"))).toMatchObject({ ok: true, size: 608 });
  });

  it("convicts a log that does not lead to what it had seen", async () => {
    await lost();
    await restore("copy");
    // Another life of the same ledger, from the snapshot on, under the same key.
    await restore("forked", orders);
    const forked = await ledger.open(at("forked"));
    for (let i = 0; i < 4; i++) await forked.submit(ledger.fixture.command("test.emit", "other", { events: 70 }));
    const log = await openReader(ledger.options(at("forked")));
    const refused = await follow(followed(log)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(LogRefused);
    expect(refused).toMatchObject({ objection: { kind: "fork" } });
    await log.close();
    await forked.close();
    expect(await follow()).toBe(608);
  });

  it("is not what an older store is that somebody put back", async () => {
    await lost();
    await restore("copy");
    await follow();
    rmSync(join(at("copy"), FILES.store));
    cpSync(join(snapshot, FILES.store), join(at("copy"), FILES.store));
    expect(await refusal(replica())).toBe("ledger/rolled-back");
  });

  it("may also begin from nothing, when its store was lost, and must reach the same", async () => {
    await lost();
    const founded = await openOrFound(ledger.options(at("copy")), followed(reader));
    expect(founded.expected?.size).toBe(608);
    founded.close();
    expect(await follow()).toBe(608);
    expect(existsSync(join(at("copy"), FILES.restored))).toBe(false);
  });

  it("does not give up a newer ledger that is sound, unless told to", async () => {
    await take("snapshot");
    await restore("copy");
    await emit();
    await follow();
    expect(await refusal(restore("copy"))).toBe("ledger/exists");
    expect(await restore("copy", { replaceNewer: true })).toMatchObject({ size: 406, toReach: 608 });
    expect(await follow()).toBe(608);
  });

  it("starts behind what the others dropped", async () => {
    for (let i = 0; i < 4; i++) await emit(300);
    await pruneEntries({ ...ledger.options(at("ledger")), before: 1000 });
    await take("snapshot");
    await emit();
    expect(await restore("copy")).toMatchObject({ pruned: 768, replayed: false });
    expect(await follow()).toBe((await engine.checkpoint()).size);
    expect(await ledger.verify(at("copy"))).toMatchObject({ ok: true, pruned: 768 });
  });
});
