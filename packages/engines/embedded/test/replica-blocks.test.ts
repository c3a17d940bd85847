import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex, utf8 } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import {
  type Contract,
  formatCheckpoint,
  formatNote,
  foundBlocks,
  logOrigin,
  noteSigner,
  openCheckpoint,
  readLog,
} from "@anamnesis/ledger";
import { statePathOf, testContract } from "@anamnesis/ledger/conformance/contract";
import { Fixture, TestClock } from "@anamnesis/ledger/conformance/fixture";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BlockRefused, FollowerEngine, type LoggedBlock, openReader, openReplica, verifyLedger } from "../src/index.ts";
import { followed, Pair } from "./replica-support.ts";
import { temporaryFolder } from "./support.ts";

const NAMES = ["a", "b", "c"] as const;
const STEP = fc.record({
  kind: fc.constantFrom("test.put", "test.delete", "test.emit"),
  name: fc.constantFrom(...NAMES),
  events: fc.nat(300),
  then: fc.constantFrom("on", "on", "block", "follow", "restart"),
});

describe("replica", () => {
  let fixture: Fixture;
  let folder: ReturnType<typeof temporaryFolder>;
  let pair: Pair;
  const options = () => ({
    ...{ dir: folder.dir, genesis: fixture.genesis, contract: testContract },
    ...{ logSeed: fixture.logSeed, clock: new TestClock() },
  });
  beforeEach(async () => {
    folder = temporaryFolder();
    fixture = new Fixture(native);
    pair = await Pair.open(options());
  });
  afterEach(async () => {
    await pair.close().catch(() => undefined);
    folder.remove();
  });

  const fetchBlocks = async (from = pair.replica.newest.size): Promise<LoggedBlock[]> => {
    const log = followed(pair.log);
    const target = openCheckpoint(native, (await log.checkpoint()).note, fixture.genesis);
    const notes = pair.log.notes(pair.replica.newest.sequence + 1, 256);
    const blocks: LoggedBlock[] = [];
    for await (const block of foundBlocks(native, readLog(native, log.tile, target, from))) {
      blocks.push({ ...block, note: notes[blocks.length] ?? "" });
    }
    return blocks;
  };
  const put = (name: string) => pair.ordering.submit(fixture.command("test.put", name, { value: utf8(name) }));

  it("hands transactions to the orderer in order, however long the way of each is", async () => {
    const arrived: string[] = [];
    const engine = new FollowerEngine({
      replica: pair.replica,
      orderer: {
        // The first one takes the longest way.
        async submit(transaction) {
          await sleep(arrived.length === 0 ? 50 : 0);
          arrived.push(toHex(transaction.id));
          await pair.ordering.submit(transaction);
        },
      },
      onBehind: () => pair.behind(),
      problem: () => undefined,
    });
    const sent = NAMES.map((name) => fixture.command("test.put", name, { value: utf8(name) }));
    const receipts = await Promise.all(sent.map((each) => engine.submit(each)));
    expect(arrived).toEqual(sent.map(({ id }) => toHex(id)));
    expect(receipts.map((each) => each.sequence)).toEqual([1, 2, 3]);
    await engine.close();
  });

  it("answers the same submission once, and another signature under the same id for itself", async () => {
    const asked: string[] = [];
    const engine = new FollowerEngine({
      replica: pair.replica,
      orderer: {
        async submit(transaction) {
          asked.push(toHex(transaction.signatures[0]?.signature ?? new Uint8Array(0)).slice(0, 4));
          await pair.ordering.submit(transaction);
        },
      },
      onBehind: () => pair.behind(),
      problem: () => undefined,
    });
    const right = fixture.command("test.put", "a", { value: utf8("a") });
    const forged = { ...right, signatures: right.signatures.map((s) => ({ ...s, signature: new Uint8Array(64) })) };
    const outcomes = await Promise.allSettled([forged, right, right, forged].map((each) => engine.submit(each)));
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled", "rejected"]);
    expect([asked.length, asked.filter((each) => each === "0000").length]).toEqual([2, 1]);
    await engine.close();
  });

  it("property: holds exactly the orderer's log and state after each block, however they arrive", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 12 }), async (steps) => {
        await pair.close();
        rmSync(folder.dir, { recursive: true, force: true });
        fixture = new Fixture(native);
        pair = await Pair.open(options());
        const waiting: Promise<unknown>[] = [];
        for (const { kind, name, events, then } of steps) {
          waiting.push(pair.ordering.submit(fixture.command(kind, name, { events })));
          if (then !== "on") await Promise.all(waiting);
          if (then === "follow") await pair.catchUp();
          if (then === "restart") await pair.restart();
          if (then === "follow") await expectEqual(pair);
        }
        await Promise.all(waiting);
        for (const block of await fetchBlocks()) {
          pair.replica.apply([block]);
          expect(pair.replica.newest.note).toBe(block.note);
        }
        await expectEqual(pair);
      }),
      { numRuns: 15 },
    );
    await pair.close();
    const { dir, genesis, contract } = options();
    expect((await verifyLedger({ dir: join(dir, "replica"), genesis, contract, primitives: native })).problems).toEqual(
      [],
    );
  });

  it("refuses a block whose state does not follow, keeps those before it, and says what convicts", async () => {
    await put("a");
    await put("b");
    await put("c");
    const [first, second, third] = await fetchBlocks();
    if (first === undefined || second === undefined || third === undefined) throw new Error("three blocks");
    const leaves = second.leaves.with(0, third.leaves[0] ?? new Uint8Array(0));
    const wrong = { ...second, leaves };
    const refused = catching(() => pair.replica.apply([first, wrong, third]));
    expect(refused.objection).toMatchObject({ kind: "bad-block", block: { sequence: 2 } });
    expect(pair.replica.newest).toMatchObject({ sequence: 1, note: first.note });
    expect((await pair.replica.reader.read(statePathOf("a"))).value).toEqual(utf8("a"));
    pair.replica.apply([second, third]);
    await expectEqual(pair);
  });

  it.each([
    ["a later sequence", (block: LoggedBlock) => ({ ...block, sequence: 7 })],
    ["time running backwards", (block: LoggedBlock) => ({ ...block, time: 1 })],
    ["a repeated command", (block: LoggedBlock) => ({ ...block, commands: [...block.commands, ...block.commands] })],
    ["no command", (block: LoggedBlock) => ({ ...block, commands: [] })],
    ["a missing leaf", (block: LoggedBlock) => ({ ...block, leaves: block.leaves.slice(1) })],
  ])("refuses %s", async (_, change) => {
    await put("a");
    const [block] = await fetchBlocks();
    if (block === undefined) throw new Error("a block");
    expect(catching(() => pair.replica.apply([change(block)])).code).toBe("ledger/bad-block");
    expect(pair.replica.newest.sequence).toBe(0);
    pair.replica.apply([block]);
  });

  it("tells a second signature of the log's key on the same size from a wrong block", async () => {
    await put("a");
    const [block] = await fetchBlocks();
    if (block === undefined) throw new Error("a block");
    const signer = noteSigner(native, logOrigin(fixture.genesis.chain), fixture.logSeed);
    const noteOf = (size: number) => {
      const text = formatCheckpoint({ origin: signer.name, size, root: new Uint8Array(32).fill(5) });
      return formatNote(text, [signer.sign(text)]);
    };
    const size = block.first + block.leaves.length;
    const { objection } = catching(() => pair.replica.apply([{ ...block, note: noteOf(size) }]));
    expect(objection).toEqual({ kind: "fork", note: noteOf(size) });
    expect(() => pair.replica.apply([{ ...block, note: noteOf(size + 1) }])).toThrow(/another block/);
    expect(() => pair.replica.apply([{ ...block, note: "" }])).toThrow();
    expect(pair.replica.newest.sequence).toBe(0);
  });

  it("notices a contract of its own that decides otherwise", async () => {
    await put("a");
    const [block] = await fetchBlocks();
    if (block === undefined) throw new Error("a block");
    await pair.engine.close();
    pair.replica.close();
    const stricter: Contract = { ...testContract, check: () => ({ code: "test/refused", message: "never" }) };
    const replica = await openReplica({ ...Pair.replicaOptions(options()), contract: stricter });
    expect(catching(() => replica.apply([block])).message).toMatch(/test\/refused/);
    replica.close();
  });

  it("is one process's at a time, and read by others meanwhile", async () => {
    await put("a");
    await pair.catchUp();
    await expect(openReplica(Pair.replicaOptions(options()))).rejects.toMatchObject({ code: "ledger/locked" });
    const { dir, genesis } = options();
    const reader = await openReader({ dir: join(dir, "replica"), primitives: native, genesis });
    expect((await reader.checkpoint()).size).toBe(pair.replica.newest.size);
    await reader.close();
  });
});

async function expectEqual(pair: Pair): Promise<void> {
  await pair.catchUp();
  const { size, root, note } = await pair.ordering.checkpoint();
  expect(await pair.replica.reader.checkpoint()).toMatchObject({ size, root, note });
  for (const name of NAMES) {
    const [ours, theirs] = await Promise.all(
      [pair.replica.reader, pair.ordering].map((r) => r.read(statePathOf(name))),
    );
    expect(ours).toEqual(theirs);
  }
}

function catching(work: () => void): BlockRefused {
  try {
    work();
  } catch (error) {
    if (error instanceof BlockRefused) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
