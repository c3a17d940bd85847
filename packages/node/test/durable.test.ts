/** What a node must not forget: its small databases flush before they answer. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { chainId } from "@anamnesis/core";
import { founded } from "@anamnesis/ledger/conformance";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PromiseStore } from "../src/follower/promise-store.ts";
import { SealStore } from "../src/follower/seal-store.ts";
import { primitives as p, SqliteWitnessStore } from "../src/index.ts";
import { MonitorMemory } from "../src/monitor/memory.ts";

/** In WAL mode only FULL (2) and EXTRA (3) flush at COMMIT. */
const FULL = 2;
const genesis = founded(p, {
  ...{ chain: chainId("durable"), time: 1, organisations: ["nord"] },
  logKey: p.ed25519PublicKey(new Uint8Array(32).fill(5)),
});

interface Closable {
  close(): void;
}

describe("a small database of the node", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "anamnesis-durable-"));
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(dir, { recursive: true });
  });

  /** What `open` made, and how SQLite says that it flushes now. */
  function opened<T extends Closable>(open: (path: string) => T): { readonly made: T; readonly level: () => unknown } {
    const exec = vi.spyOn(DatabaseSync.prototype, "exec");
    const made = open(join(dir, "file.db"));
    const db = exec.mock.contexts[0];
    if (!(db instanceof DatabaseSync)) throw new TypeError("nothing was opened");
    return { made, level: () => db.prepare("PRAGMA synchronous").get()?.["synchronous"] };
  }

  const makers: readonly (readonly [string, (path: string) => Closable])[] = [
    ["a witness", (path) => new SqliteWitnessStore(path)],
    ["promises", (path) => new PromiseStore(path)],
    ["seals", (path) => new SealStore(path, genesis)],
    ["a monitor", (path) => new MonitorMemory(path)],
  ];
  it.each(makers)("flushes at COMMIT: that of %s", (_what, open) => {
    const { made, level } = opened(open);
    expect(level()).toBeGreaterThanOrEqual(FULL);
    made.close();
  });

  it("flushes the next promise also after one was deleted without a flush", () => {
    const { made, level } = opened((path) => new PromiseStore(path));
    const id = new Uint8Array(32);
    made.add({ id, byMs: 1, promise: id, transaction: id });
    made.delete(id);
    expect(level()).toBeGreaterThanOrEqual(FULL);
    made.close();
  });

  it("of a witness replaces nothing when a tree of the same size, but another root, is there", async () => {
    const store = new SqliteWitnessStore(join(dir, "witness.db"));
    const tree = (fill: number) => ({ size: 3, root: new Uint8Array(32).fill(fill), time: 1, note: "note" });
    expect(await store.replace("log", undefined, tree(1))).toBe(true);
    expect(await store.replace("log", tree(2), tree(3))).toBe(false);
    expect(await store.latest("log")).toEqual(tree(1));
    store.close();
  });
});
