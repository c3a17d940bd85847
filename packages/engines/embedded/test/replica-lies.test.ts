import { cpSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { logOrigin, noteSigner, type SignedTransaction } from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance/contract";
import { Fixture, TestClock } from "@anamnesis/ledger/conformance/fixture";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadAnchor } from "../src/anchor.ts";
import { BlockMaker } from "../src/block-maker.ts";
import { catchUp, createReplica, FILES, type FollowedLog, openReader } from "../src/index.ts";
import { Database } from "../src/sqlite.ts";
import { Store } from "../src/store.ts";
import { TileCache } from "../src/tree-view.ts";
import { followed, Pair } from "./replica-support.ts";
import { temporaryFolder } from "./support.ts";

const same = (transaction: SignedTransaction): SignedTransaction => transaction;
const forged = (transaction: SignedTransaction): SignedTransaction => ({
  ...transaction,
  signatures: transaction.signatures.map((each) => ({ ...each, signature: new Uint8Array(64) })),
});

describe("a replica and its orderer", () => {
  let fixture: Fixture;
  let folder: ReturnType<typeof temporaryFolder>;
  let pair: Pair;
  beforeEach(async () => {
    folder = temporaryFolder();
    fixture = new Fixture(native);
    const { genesis, logSeed } = fixture;
    pair = await Pair.open({ dir: folder.dir, genesis, contract: testContract, logSeed, clock: new TestClock() });
    await pair.ordering.submit(fixture.command("test.put", "a"));
    await pair.catchUp();
  });
  afterEach(async () => {
    await pair.close();
    folder.remove();
  });

  const follow = (log: FollowedLog, onProgress = (_size: number, _total: number): void => undefined) =>
    catchUp(pair.replica, log, { primitives: native, signal: AbortSignal.timeout(60_000), onProgress });

  /** In a copy of the orderer's folder a further block so much later than the one before it, signed as it should be. */
  function orders(dir: string, laterMs: number, change: (tx: SignedTransaction) => SignedTransaction): void {
    cpSync(join(folder.dir, "orderer"), dir, { recursive: true });
    const db = Database.writer(join(dir, FILES.store));
    const store = new Store(db, native);
    const { genesis, logSeed } = fixture;
    const anchor = loadAnchor(native, store, genesis, new TileCache());
    const maker = new BlockMaker({ primitives: native, contract: testContract }, store, genesis, anchor);
    const { sequence, time } = anchor.block;
    const transactions = [change(fixture.command("test.put", "b"))];
    for (const each of transactions) maker.markVerified(each);
    const block = { sequence: sequence + 1, time: time + laterMs, transactions };
    const signer = noteSigner(native, logOrigin(genesis.chain), logSeed);
    store.append(maker.close(block, maker.execute(block), signer).built.write);
    db.close();
  }

  it.each([
    ["a block like any other", "followed", 0, same],
    ["a block whose time runs back", "ledger/bad-block", -1, same],
    ["a signature that its key never made", "ledger/bad-block", 0, forged],
  ])("takes what is right, and nothing else however it is signed: %s, %s", async (_, outcome, later, change) => {
    const dir = join(folder.dir, "other");
    orders(dir, later, change);
    const reader = await openReader({ dir, primitives: native });
    const before = pair.replica.newest.size;
    expect(await follow(followed(reader)).then(() => "followed", codeOf)).toBe(outcome);
    expect(pair.replica.newest.size > before).toBe(outcome === "followed");
    await reader.close();
  });

  it("follows more blocks than it keeps in one lot, each of them once", async () => {
    for (let i = 0; i < 260; i++) await pair.ordering.submit(fixture.command("test.put", "a"));
    const seen: number[] = [];
    pair.replica.subscribe(({ sequence }) => seen.push(sequence), new AbortController().signal);
    await pair.catchUp();
    expect(seen).toEqual(Array.from({ length: 260 }, (_, i) => i + 2));
    expect(pair.replica.newest.size).toBe((await pair.log.checkpoint()).size);
  });

  it("keeps large blocks in small lots, each durable before the next one is fetched", async () => {
    for (let i = 0; i < 20; i++) await pair.ordering.submit(fixture.command("test.emit", "a", { events: 2500 }));
    const sizes: number[] = [];
    await follow(followed(pair.log), (size) => sizes.push(size));
    expect(sizes.length).toBeGreaterThan(2);
    expect(sizes.at(-1)).toBe(pair.replica.newest.size);
  });

  it("tells a listener nothing that had enough before it was heard", async () => {
    const heard: number[] = [];
    pair.replica.subscribe(({ sequence }) => heard.push(sequence), AbortSignal.abort());
    await pair.ordering.submit(fixture.command("test.put", "a"));
    await pair.catchUp();
    expect(heard).toEqual([]);
  });

  it("is not founded where a ledger lies already", async () => {
    const { genesis } = fixture;
    const founding = { dir: join(folder.dir, "another"), genesis, contract: testContract, primitives: native };
    const [note = ""] = pair.log.notes(0, 1);
    const outcome = () => createReplica(founding, note).then(() => "founded", codeOf);
    expect([await outcome(), await outcome()]).toEqual(["founded", "ledger/exists"]);
  });
});
