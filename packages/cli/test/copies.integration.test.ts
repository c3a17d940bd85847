/** Copies of a ledger as an operator makes and uses them, with the real command, killed in the middle as well. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BATCH_KIND, encodeBatchBody } from "@anamnesis/contracts";
import { fromHex, sourceId } from "@anamnesis/core";
import { signerFromSeed } from "@anamnesis/crypto";
import { encodeEvent, leafHashes, type SignedTransaction, signTransaction, treeHash } from "@anamnesis/ledger";
import { openEngine, openFolder, primitives } from "@anamnesis/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anamnesis, launch, says } from "./process.ts";

const base = mkdtempSync(join(tmpdir(), "anamnesis-copies-"));
const at = (name: string) => join(base, name);
const data = at("data");
const BATCHES = 30;
const EVENTS = 100;
const KILLS = 3;

async function ok(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await anamnesis([...args, "--json"]);
  expect([args.join(" "), code, err]).toEqual([args.join(" "), 0, expect.any(String)]);
  return JSON.parse(out) as Record<string, unknown>;
}

async function refusal(...args: string[]): Promise<string> {
  const { code, out } = await anamnesis([...args, "--json"]);
  expect(code).toBe(2);
  return (JSON.parse(out) as { error: { code: string } }).error.code;
}

let nonce = 0;
/** Invented events of a source of their own. */
function batch(dir: string): SignedTransaction {
  const { layout, config } = openFolder(dir);
  const signer = signerFromSeed(primitives, "INTL-1", fromHex(readFileSync(layout.orgKey, "utf8").trim()));
  const source = sourceId(`s-${++nonce}`);
  const leaves = Array.from({ length: EVENTS }, (_, i) =>
    encodeEvent({
      ...{
        kind: "create",
        source,
        table: new Uint8Array(8),
        row: new Uint8Array(16).fill(i),
        schema: new Uint8Array(8),
      },
      ...{ commitment: new Uint8Array(32).fill(nonce), lsn: 9n, ordinal: i + 1, xid: 1n, time: 1_700_000_000_000_000 },
      ...{ actor: null, purpose: null },
    }),
  );
  const body = encodeBatchBody({
    ...{ source, incarnation: new Uint8Array(8), from: { lsn: 0n, ordinal: 0 }, to: { lsn: 9n, ordinal: EVENTS } },
    ...{ count: EVENTS, root: treeHash(primitives, leafHashes(primitives, leaves)) },
  });
  const frame = { chain: config.chain, kind: BATCH_KIND, nonce: Date.now() * 1000 + nonce, expires: 4e9, body };
  return signTransaction(primitives, frame, [signer], leaves);
}

async function grow(dir: string, batches: number): Promise<number> {
  const engine = await openEngine(openFolder(dir));
  for (let i = 0; i < batches; i++) await engine.submit(batch(dir));
  const { size } = await engine.checkpoint();
  await engine.close();
  return size;
}

/** Runs the command and kills it after a while; false when it was done before. */
async function killed(ms: number, ...args: string[]): Promise<boolean> {
  const child = launch(args);
  const ended = new Promise<boolean>((resolve) => child.once("exit", (_, signal) => resolve(signal === "SIGKILL")));
  await sleep(ms);
  child.kill("SIGKILL");
  return ended;
}

let size = 0;
beforeAll(async () => {
  await ok("init", data, "--org", "Nord");
  size = await grow(data, BATCHES);
}, 240_000);
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe("log snapshot and log restore", () => {
  it("copy the ledger of a running node, and bring a lost one back", { timeout: 300_000 }, async () => {
    const node = launch(["node", "--dir", data, "--port", "0"]);
    await says(node, "http://127.0.0.1");
    expect(await ok("log", "snapshot", at("first"), "--dir", data)).toMatchObject({
      size,
      pruned: 0,
      out: at("first"),
    });
    expect(await refusal("log", "snapshot", at("first"), "--dir", data)).toBe("ledger/exists");
    expect(await refusal("log", "restore", at("first"), "--dir", data)).toBe("ledger/locked");
    const ended = new Promise((resolve) => node.once("exit", resolve));
    node.kill("SIGTERM");
    await ended;
    expect(await ok("log", "verify", "--dir", at("first"))).toMatchObject({ ok: true, size, replayed: true });
    rmSync(join(data, "ledger", "ledger.sqlite"));
    expect(await ok("log", "restore", at("first"), "--dir", data)).toMatchObject({
      size,
      replayed: true,
      toReach: null,
    });
    expect(await ok("log", "verify", "--dir", data)).toMatchObject({ ok: true, size });
    size = await grow(data, 1);
    expect(await refusal("log", "restore", at("first"), "--dir", data, "--yes")).toBe("ledger/rolled-back");
    expect(await ok("log", "verify", "--dir", data)).toMatchObject({ ok: true, size });
  });

  it("ask for a confirmation where nothing tells an orderer that the log ends there", {
    timeout: 180_000,
  }, async () => {
    await ok("log", "snapshot", at("second"), "--dir", data);
    cpSync(data, at("moved"), { recursive: true });
    for (const gone of ["ledger", "cosigned.db", "cosigned.db-wal", "seals.db", "seals.db-wal"]) {
      rmSync(join(at("moved"), gone), { recursive: true, force: true });
    }
    expect(await refusal("log", "restore", at("second"), "--dir", at("moved"))).toBe("node/unconfirmed");
    expect(await ok("log", "restore", at("second"), "--dir", at("moved"), "--yes")).toMatchObject({ size });
    expect(await grow(at("moved"), 1)).toBe(size + EVENTS + 2);
  });

  it("leave nothing half when they are killed", { timeout: 300_000 }, async () => {
    await ok("log", "snapshot", at("good"), "--dir", data);
    const target = at("killed");
    const out = at("cut");
    for (let i = 0; i < KILLS; i++) {
      const ms = 100 + i * 150;
      await killed(ms, "log", "snapshot", out, "--dir", data);
      if (existsSync(out)) expect(await ok("log", "verify", "--dir", out)).toMatchObject({ ok: true });
      rmSync(out, { recursive: true, force: true });
      rmSync(target, { recursive: true, force: true });
      cpSync(data, target, { recursive: true });
      const file = join(target, "ledger", "ledger.sqlite");
      writeFileSync(file, readFileSync(file).fill(3, 9000, 60_000));
      await killed(ms, "log", "restore", at("good"), "--dir", target);
      // The damaged one, none, or the restored one; in each case the same command again is all it takes.
      await ok("log", "restore", at("good"), "--dir", target);
      expect(await ok("log", "verify", "--dir", target)).toMatchObject({ ok: true, size });
      expect(readdirSync(join(target, "ledger"))).not.toContain("restoring");
    }
    await ok("log", "snapshot", out, "--dir", data);
    expect(readdirSync(base).filter((name) => name.includes("unfinished"))).toEqual([]);
  });
});

describe("log export and log import", () => {
  it("rebuild a lost ledger from files, executing every block", { timeout: 240_000 }, async () => {
    await ok("log", "export", "--dir", data, "--out", at("exported"));
    cpSync(data, at("rebuilt"), { recursive: true });
    rmSync(join(at("rebuilt"), "ledger", "ledger.sqlite"));
    const imported = await ok("log", "import", at("exported"), "--dir", at("rebuilt"));
    expect(imported).toMatchObject({ size });
    expect(await ok("log", "verify", "--dir", at("rebuilt"))).toMatchObject({ ok: true, size, root: imported["root"] });
    expect(await grow(at("rebuilt"), 1)).toBe(size + EVENTS + 2);
    expect(await refusal("log", "import", at("exported"), "--dir", at("rebuilt"))).toBe("ledger/rolled-back");
  });

  it("need the signed checkpoint behind each block, and the same founding document", { timeout: 180_000 }, async () => {
    await ok("init", at("stranger"), "--org", "Sued");
    expect(await refusal("log", "import", at("exported"), "--dir", at("stranger"))).toBe("ledger/bad-checkpoint");
    rmSync(join(at("exported"), "notes"), { recursive: true });
    cpSync(data, at("without"), { recursive: true });
    rmSync(join(at("without"), "ledger", "ledger.sqlite"));
    expect(await refusal("log", "import", at("exported"), "--dir", at("without"))).toBe("ledger/no-ledger");
  });
});

describe("log prune", () => {
  const pruned = at("pruned");

  it("drops nothing without an archive, nothing without --yes, and nothing that the archive lacks", async () => {
    cpSync(data, pruned, { recursive: true });
    expect(await refusal("log", "prune", "--dir", pruned)).toBe("cli/usage");
    expect(await refusal("log", "prune", "--dir", pruned, "--before", "1000", "--yes")).toBe("ledger/not-archived");
    await ok("log", "export", "--dir", pruned, "--out", at("archive"));
    const plan = await ok("log", "prune", "--dir", pruned, "--before", "1000", "--archive", at("archive"));
    expect(plan).toMatchObject({ from: 0, to: 768, heldBy: "archive", dropped: false });
    const lacking = ["log", "prune", "--dir", pruned, "--before", "1000", "--archive", at("nowhere"), "--yes"];
    expect(await refusal(...lacking)).toBe("ledger/not-archived");
    const days = ["log", "prune", "--dir", pruned, "--keep-days", "1", "--archive", at("archive")];
    expect(await ok(...days)).toMatchObject({ from: 0, to: 0 });
  }, 240_000);

  it("keeps ledger and proofs whole when it is killed, and goes on", { timeout: 300_000 }, async () => {
    const args = ["log", "prune", "--dir", pruned, "--before", "2600", "--archive", at("archive"), "--yes"];
    for (let i = 0; i < KILLS; i++) {
      await killed(250 + i * 60, ...args);
      expect(await ok("log", "verify", "--dir", pruned)).toMatchObject({ ok: true, size });
    }
    await ok(...args);
    expect(await ok("log", "prune", "--dir", pruned, "--before", "2600", "--archive", at("archive"))).toMatchObject({
      ...{ from: 2560, to: 2560, bytes: 0 },
    });
  });

  it("reads the archive while it is there, says what it cannot check when it is not", {
    timeout: 240_000,
  }, async () => {
    expect(await ok("log", "verify", "--dir", pruned)).toMatchObject({ ok: true, pruned: 0, replayed: true });
    cpSync(at("archive"), at("elsewhere"), { recursive: true });
    rmSync(at("archive"), { recursive: true });
    expect(await ok("log", "verify", "--dir", pruned)).toMatchObject({ ok: true, pruned: 2560, replayed: false });
    const with_ = ["log", "verify", "--dir", pruned, "--archive", at("elsewhere")];
    expect(await ok(...with_)).toMatchObject({ ok: true, pruned: 0, replayed: true });
    expect(await refusal("log", "export", "--dir", pruned, "--out", at("partial"))).toBe("ledger/pruned");
    await ok("log", "export", "--dir", pruned, "--out", at("elsewhere"));
    expect(await grow(pruned, 1)).toBe(size + EVENTS + 2);
    await ok("log", "snapshot", at("of-pruned"), "--dir", pruned);
    expect(await ok("log", "verify", "--dir", at("of-pruned"))).toMatchObject({ ok: true, pruned: 2560 });
  });
});
