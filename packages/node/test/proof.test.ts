import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeBatchBody } from "@anamnesis/contracts";
import { codeOf, sourceId } from "@anamnesis/core";
import { type Engine, type Event, encodeEvent, leafHashes, signTransaction, treeHash } from "@anamnesis/ledger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { organisationSigner } from "../src/folder/folder.ts";
import {
  checkProofFile,
  type Folder,
  initFolder,
  openEngine,
  openFolder,
  openLog,
  type ProofVerdict,
  primitives,
  proveEvent,
} from "../src/index.ts";

const root = mkdtempSync(join(tmpdir(), "anamnesis-node-"));
const dir = join(root, "data");
let folder: Folder;
let engine: Engine;
let nonce = 0;

const event = (ordinal: number, lsn: bigint): Event => ({
  kind: "create",
  source: "ehr",
  table: new Uint8Array(8).fill(1),
  row: new Uint8Array(16).fill(ordinal % 251),
  schema: new Uint8Array(8),
  commitment: new Uint8Array(32).fill(ordinal % 251),
  lsn,
  ordinal,
  xid: 7n,
  time: 1_700_000_000_000_000,
  actor: null,
  purpose: null,
});

async function submitBatch(from: { lsn: bigint; ordinal: number }, lsn: bigint, count: number) {
  const events = Array.from({ length: count }, (_, i) => encodeEvent(event(i + 1, lsn)));
  const root = treeHash(primitives, leafHashes(primitives, events));
  const body = encodeBatchBody({
    source: sourceId("ehr"),
    incarnation: new Uint8Array(8),
    from,
    to: { lsn, ordinal: count },
    count,
    root,
  });
  const expires = Math.floor(Date.now() / 1000) + 600;
  const tx = { chain: folder.config.chain, kind: "events.batch", nonce: ++nonce, expires, body };
  return engine.submit(signTransaction(primitives, tx, [organisationSigner(folder)], events));
}

const results = (v: ProofVerdict) => Object.fromEntries(v.checks.map((c) => [c.name, c.result]));

beforeAll(async () => {
  await initFolder({ dir, organisation: "Hospital Nord" });
  folder = openFolder(dir);
  engine = await openEngine(folder);
  await submitBatch({ lsn: 0n, ordinal: 0 }, 10n, 300);
});

afterAll(async () => {
  await engine.close();
  rmSync(root, { recursive: true });
});

describe("init", () => {
  it("makes private keys and a config that reads back", () => {
    expect(statSync(join(dir, "keys")).mode & 0o777).toBe(0o700);
    for (const file of ["keys/org.key", "keys/log.key", "anamnesis.toml"]) {
      expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
    }
    expect(folder.config).toMatchObject({ chain: "hospital-nord", organisation: "hospital-nord", sources: [] });
  });

  it.each([
    ["node/already-made", () => dir],
    [
      "node/folder-not-empty",
      () => {
        mkdirSync(join(root, "other"), { recursive: true });
        writeFileSync(join(root, "other", "file"), "");
        return join(root, "other");
      },
    ],
  ])("refuses with %s", async (code, where) => {
    const refusal = await initFolder({ dir: where(), organisation: "X" }).catch((e: unknown) => e);
    expect(codeOf(refusal)).toBe(code);
  });

  it("notices a half-made folder, and starts it over", async () => {
    const half = join(root, "half");
    await initFolder({ dir: half, organisation: "X" });
    writeFileSync(join(half, "INIT-UNFINISHED"), "");
    const before = readFileSync(join(half, "keys/org.key"), "utf8");
    expect(() => openFolder(half)).toThrow(expect.objectContaining({ code: "node/half-made-folder" }));
    await initFolder({ dir: half, organisation: "X" });
    expect(openFolder(half).config.organisation).toBe("x");
    expect(readFileSync(join(half, "keys/org.key"), "utf8")).not.toBe(before);
  });

  it("gives an organisation without Latin letters a stable id", async () => {
    const made = await initFolder({ dir: join(root, "zh"), organisation: "北方医院" });
    expect(made.organisation).toMatch(/^org-[0-9a-f]{8}$/);
  });
});

describe("the proof of one event", () => {
  it("holds offline with everything given", async () => {
    const made = await proveEvent(engine, 100);
    const verdict = await checkProofFile({ file: made.file, checkpoint: made.checkpoint, genesis: folder.genesis });
    expect([verdict.holds, verdict.complete]).toEqual([true, true]);
    expect(verdict.author).toBe("hospital-nord");
    expect(new Set(verdict.checks.map((c) => c.result))).toEqual(new Set(["held"]));
    expect(verdict.event?.source).toBe("ehr");
  });

  it("says which checks were not possible without a key", async () => {
    const made = await proveEvent(engine, 100);
    const verdict = await checkProofFile({ file: made.file, checkpoint: made.checkpoint });
    expect([verdict.holds, verdict.complete]).toEqual([true, false]);
    expect(results(verdict)).toMatchObject({
      "checkpoint-signature": "not-made",
      authorship: "not-made",
      batch: "held",
    });
  });

  it("is checked against a later checkpoint when tiles are at hand, and not without", async () => {
    const made = await proveEvent(engine, 100);
    await submitBatch({ lsn: 10n, ordinal: 300 }, 20n, 700);
    const reader = await openLog(folder);
    const { note } = await reader.checkpoint();
    const without = await checkProofFile({ file: made.file, checkpoint: note, genesis: folder.genesis });
    expect(without.holds).toBe(false);
    expect(results(without)["inclusion"]).toBe("not-made");
    const tiles = (path: string) => reader.tile(path);
    const verdict = await checkProofFile({ file: made.file, checkpoint: note, genesis: folder.genesis, tiles });
    expect(verdict.holds).toBe(true);
    await reader.close();
  });

  it("fails when any byte is flipped", async () => {
    const made = await proveEvent(engine, 150);
    let refused = 0;
    for (let at = 0; at < made.file.length; at += 7) {
      const file = made.file.slice();
      file[at] = (file[at] ?? 0) ^ 1;
      const verdict = await checkProofFile({ file, checkpoint: made.checkpoint, genesis: folder.genesis }).catch(
        (error: unknown) => codeOf(error) ?? "no code",
      );
      if (typeof verdict === "string") expect(verdict).toMatch(/^(?:core|ledger)\//);
      else expect(verdict.holds).toBe(false);
      refused++;
    }
    expect(refused).toBeGreaterThan(100);
  });

  it("fails under another ledger's key", async () => {
    const other = openFolder(join(root, "zh"));
    const made = await proveEvent(engine, 100);
    const verdict = await checkProofFile({ file: made.file, checkpoint: made.checkpoint, genesis: other.genesis });
    expect(verdict.holds).toBe(false);
    expect(results(verdict)).toMatchObject({
      "checkpoint-signature": "failed",
      authorship: "not-made",
      inclusion: "held",
    });
  });

  it.each([0, 1, 1e9, -1, 0.5])("is refused for index %s, where no event stands", async (index) => {
    const refusal = await proveEvent(engine, index).catch((e: unknown) => e);
    expect(codeOf(refusal)).toBe("node/bad-proof-index");
  });
});
