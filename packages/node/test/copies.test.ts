/** Snapshots, imports and pruning of a data folder: what an orderer is asked, what is refused, what is dropped. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BATCH_KIND, encodeBatchBody } from "@anamnesis/contracts";
import { codeOf, fromHex, sourceId } from "@anamnesis/core";
import { signerFromSeed } from "@anamnesis/crypto";
import type { LedgerReader } from "@anamnesis/embedded";
import { encodeEvent, leafHashes, signTransaction, treeHash } from "@anamnesis/ledger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  addSource,
  type Folder,
  importLog,
  initFolder,
  openEngine,
  openFolder,
  openLog,
  openSnapshot,
  primitives,
  pruneFolder,
  prunePlan,
  restoreFolder,
  snapshotFolder,
  verifyFolderLog,
  verifySnapshot,
} from "../src/index.ts";

const base = mkdtempSync(join(tmpdir(), "anamnesis-folder-copies-"));
const at = (name: string) => join(base, name);
const nobody = { notes: [], silent: [] };
const EVENTS = 100;
let nonce = 0;
let first = "";
let size = 0;

async function grow(dir: string, batches: number): Promise<string> {
  const folder = openFolder(dir);
  const signer = signerFromSeed(primitives, "INTL-1", fromHex(readFileSync(folder.layout.orgKey, "utf8").trim()));
  const engine = await openEngine(folder);
  for (let i = 0; i < batches; i++) {
    const source = sourceId(`s-${++nonce}`);
    const leaves = Array.from({ length: EVENTS }, (_, ordinal) => event(source, ordinal));
    const body = encodeBatchBody({
      ...{ source, incarnation: new Uint8Array(8), from: { lsn: 0n, ordinal: 0 }, to: { lsn: 9n, ordinal: EVENTS } },
      ...{ count: EVENTS, root: treeHash(primitives, leafHashes(primitives, leaves)) },
    });
    const frame = { chain: folder.config.chain, kind: BATCH_KIND, nonce: 1e15 + nonce, expires: 4e9, body };
    await engine.submit(signTransaction(primitives, frame, [signer], leaves));
  }
  const { note } = await engine.checkpoint();
  await engine.close();
  return note;
}

const event = (source: ReturnType<typeof sourceId>, ordinal: number) =>
  encodeEvent({
    ...{ kind: "create", source, table: new Uint8Array(8), row: new Uint8Array(16).fill(ordinal) },
    ...{ schema: new Uint8Array(8), commitment: new Uint8Array(32), lsn: 9n, ordinal: ordinal + 1, xid: 1n },
    ...{ time: 1_700_000_000_000_000, actor: null, purpose: null },
  });

/** The same organisation in another folder, without its ledger and without what it remembers. */
function bare(name: string): Folder {
  cpSync(at("data"), at(name), { recursive: true });
  rmSync(join(at(name), "ledger"), { recursive: true });
  return openFolder(at(name));
}

/** Bundles as `log export` writes them. */
async function archived(reader: LedgerReader, out: string): Promise<void> {
  for (const path of ["tile/entries/000", "tile/entries/001"]) {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), (await reader.tile(path)) ?? "");
  }
}

beforeAll(async () => {
  await initFolder({ dir: at("data"), organisation: "Nord" });
  first = await grow(at("data"), 6);
  await snapshotFolder(openFolder(at("data")), at("snapshot"), {});
  const reader = await openSnapshot(at("snapshot"));
  ({ size } = await reader.checkpoint());
  await reader.close();
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe("restoring the ledger of a folder that orders", () => {
  const restore = (folder: Folder, yes: boolean, others = nobody as { notes: string[]; silent: string[] }) =>
    restoreFolder(folder, at("snapshot"), { others, yes }).then(() => "restored", codeOf);

  it("takes somebody's word for it that the log ends there", async () => {
    expect(await restore(bare("a"), false)).toBe("node/unconfirmed");
    expect(await restore(bare("b"), true)).toBe("restored");
    expect(await restore(bare("c"), false, { notes: [first], silent: [] })).toBe("restored");
    expect(await restore(bare("d"), false, { notes: [], silent: ["ost"] })).toBe("node/unconfirmed");
    expect(await restore(bare("j"), false, { notes: [first], silent: ["ost"] })).toBe("node/unconfirmed");
    expect(await restore(bare("e"), false, { notes: ["not of this log"], silent: ["ost"] })).toBe("node/unconfirmed");
    expect(await verifyFolderLog(openFolder(at("b")))).toMatchObject({ ok: true, size, replayed: true });
  });

  it("believes nobody's word against a checkpoint that the log has signed", async () => {
    cpSync(at("data"), at("ahead"), { recursive: true });
    const newer = await grow(at("ahead"), 1);
    expect(await restore(bare("f"), true, { notes: [newer], silent: [] })).toBe("ledger/rolled-back");
    const remembering = bare("g");
    writeFileSync(remembering.layout.witnessed, newer);
    expect(await restore(remembering, true)).toBe("ledger/rolled-back");
    expect(await restore(openFolder(at("ahead")), true)).toBe("ledger/rolled-back");
    expect(existsSync(join(at("f"), "ledger", "ledger.sqlite"))).toBe(false);
  });
});

describe("importing the ledger of a folder", () => {
  const followed = (reader: LedgerReader) => ({
    checkpoint: () => reader.checkpoint(),
    tile: (path: string) => reader.tile(path),
    notes: async (sequence: number) => reader.notes(sequence, 256),
  });
  const from = async (dir: string, into: Folder, yes: boolean) => {
    const reader = await openLog(openFolder(dir));
    const request = { others: nobody, yes, signal: AbortSignal.timeout(60_000) };
    try {
      return await importLog(into, followed(reader), request);
    } finally {
      await reader.close();
    }
  };

  it("executes everything, goes on from what is there, and asks an orderer the same", async () => {
    const folder = bare("imported");
    expect(await from(at("data"), folder, false).catch(codeOf)).toBe("node/unconfirmed");
    expect(await from(at("data"), folder, true)).toMatchObject({ size });
    expect(await verifyFolderLog(folder)).toMatchObject({ ok: true, size, replayed: true });
    cpSync(at("data"), at("longer"), { recursive: true });
    await grow(at("longer"), 1);
    expect(await from(at("longer"), folder, true)).toMatchObject({ before: size, size: size + EVENTS + 2 });
    expect(await from(at("data"), folder, true).catch(codeOf)).toBe("ledger/rolled-back");
    await grow(at("imported"), 1);
    expect(await verifyFolderLog(folder)).toMatchObject({ ok: true });
  });

  it("is the way out for a store of another format, and forgets nothing of what was seen", async () => {
    cpSync(at("data"), at("older"), { recursive: true });
    const store = join(at("older"), "ledger", "ledger.sqlite");
    const db = new DatabaseSync(store);
    db.exec("UPDATE meta SET value = x'01' WHERE key = 'format'");
    db.close();
    const folder = openFolder(at("older"));
    expect(await from(at("data"), folder, true).catch(codeOf)).toBe("ledger/other-format");
    renameSync(store, at("set-aside.sqlite"));
    expect(await from(at("data"), folder, false)).toMatchObject({ before: 2, size });
    expect(await verifyFolderLog(folder)).toMatchObject({ ok: true, size, replayed: true });
  });
});

describe("pruning the ledger of a folder", () => {
  it("needs an archive where nobody else is known to hold the entries, and where a source is captured", async () => {
    cpSync(at("data"), at("pruned"), { recursive: true });
    const folder = openFolder(at("pruned"));
    expect(await pruneFolder(folder, { before: 600 }).catch(codeOf)).toBe("ledger/not-archived");
    const reader = await openLog(folder);
    await archived(reader, at("archive"));
    await reader.close();
    const archive = at("archive");
    expect(await prunePlan(folder, { before: 600, archive })).toMatchObject({ from: 0, to: 512, heldBy: "archive" });
    expect(await prunePlan(folder, { keepDays: 1, archive })).toMatchObject({ from: 0, to: 0 });
    expect(await prunePlan(folder, { keepDays: 0, archive })).toMatchObject({ from: 0, to: 512 });
    expect(await pruneFolder(folder, { before: 600, archive })).toEqual({ from: 0, to: 512 });
    expect(await verifyFolderLog(folder)).toMatchObject({ ok: true, pruned: 0, replayed: true });
    rmSync(archive, { recursive: true });
    expect(await verifyFolderLog(folder)).toMatchObject({ ok: true, pruned: 512, replayed: false });
    addSource(folder, { name: "ehr", url: "postgres://u:p@127.0.0.1:1/d", tables: [], exclude: [] }, {});
    expect(await pruneFolder(openFolder(at("pruned")), { before: 600 }).catch(codeOf)).toBe("ledger/not-archived");
  });

  it("leaves a snapshot that says what it lacks, and is not taken without a word", async () => {
    await snapshotFolder(openFolder(at("pruned")), at("lacking"), {});
    expect(await verifySnapshot(at("lacking"), undefined, {})).toMatchObject({ ok: true, pruned: 512 });
    const request = { others: { notes: [first], silent: [] }, yes: false };
    expect(await restoreFolder(bare("h"), at("lacking"), request).catch(codeOf)).toBe("node/unconfirmed");
    const restored = await restoreFolder(bare("i"), at("lacking"), { ...request, yes: true });
    expect(restored).toMatchObject({ pruned: 512, replayed: false });
  });
});
