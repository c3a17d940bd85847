/**
 * The promises of the `Engine` port as tests. An engine's own test hands itself to `engineConformance` and is done; what
 * only that engine promises (faults of its disk, for one) it tests itself.
 */
import { codeOf, equal, toHex, utf8 } from "@anamnesis/core";
import type { Primitives, Signer } from "@anamnesis/crypto";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Contract,
  decodeLeaf,
  type Engine,
  type FinalBlock,
  type Genesis,
  type LogReport,
  leafHash,
  noncePath,
  openCheckpoint,
  type Receipt,
  type SignedTransaction,
  verifyConsistency,
  verifyInclusion,
  verifyLog,
  verifyStateProof,
} from "../src/index.ts";
import { statePathOf, testContract } from "./contract.ts";
import { FAR_EXPIRY, Fixture, TestClock } from "./fixture.ts";
import { type Recorded, replayRecorded } from "./replay.ts";

export interface HarnessOptions {
  readonly genesis: Genesis;
  readonly contract: Contract;
  readonly primitives: Primitives;
  readonly logSeed: Uint8Array;
  readonly clock: { now(): number };
}

/** A founded ledger with a running engine, as the suite needs it. */
export interface Harness {
  readonly engine: Engine;
  /** Stops and starts it on the same data; `engine` is the new one afterwards. */
  restart(): Promise<void>;
  /** Everything there is to verify in the engine's own store; the log alone where it has none. */
  verify?(): Promise<LogReport>;
  /** Stops it and removes its data. */
  dispose(): Promise<void>;
}

export type MakeHarness = (options: HarnessOptions) => Promise<Harness>;

export function engineConformance(name: string, primitives: Primitives, make: MakeHarness): void {
  describe(`engine ${name}`, () => {
    let fixture: Fixture;
    let clock: TestClock;
    let harness: Harness;
    let recorded: Recorded[];

    const start = async () => {
      fixture = new Fixture(primitives);
      clock = new TestClock();
      recorded = [];
      const { genesis, logSeed } = fixture;
      harness = await make({ genesis, contract: testContract, primitives, logSeed, clock });
    };
    beforeEach(start);
    afterEach(() => harness.dispose());

    const submit = async (transaction: SignedTransaction): Promise<Receipt> => {
      const receipt = await harness.engine.submit(transaction);
      recorded.push({ receipt, transaction });
      return receipt;
    };
    const refusal = (tx: SignedTransaction) => harness.engine.submit(tx).then(() => "accepted", codeOf);
    const report = async () =>
      harness.verify?.() ?? verifyLog(harness.engine, { primitives, contract: testContract, genesis: fixture.genesis });
    const expectSound = async () => {
      const { ok, problems, size, root } = await report();
      expect(problems).toEqual([]);
      expect(ok).toBe(true);
      const replayed = replayRecorded(primitives, fixture.genesis, recorded);
      expect({ size, root }).toEqual(replayed);
    };

    describe("order and finality", () => {
      it("makes one caller's transactions final in the order of submission, each exactly once", async () => {
        const txs = Array.from({ length: 50 }, (_, i) => fixture.command("test.put", `k${i % 7}`, { events: i % 3 }));
        const receipts = await Promise.all(txs.map(submit));
        const indices = receipts.map((r) => r.index);
        expect(indices).toEqual(indices.toSorted((a, b) => a - b));
        expect(new Set(indices).size).toBe(50);
        await expectSound();
      });

      it("puts command leaf and attachments where the receipt says, and closes each block with its leaf", async () => {
        const tx = fixture.command("test.emit", "a", { events: 3 });
        const { index, count, sequence, time } = await submit(tx);
        const { size } = await harness.engine.checkpoint();
        const leaves = (await collect(harness.engine.leaves(index, size))).map((each) => each.leaf);
        expect(count).toBe(4);
        expect(leaves.slice(1, 4)).toEqual(tx.attachments);
        expect(decodeLeaf(leaves[0] ?? new Uint8Array(0))).toMatchObject({ type: "command", bytes: tx.bytes });
        expect(decodeLeaf(leaves[4] ?? new Uint8Array(0))).toMatchObject({ type: "block", sequence, time });
        expect(size).toBe(index + 5);
      });

      it("never lets agreed time run backwards", async () => {
        const first = await submit(fixture.command("test.put", "a"));
        clock.ms -= 1_000_000;
        const second = await submit(fixture.command("test.put", "b"));
        expect(second.time).toBe(first.time);
        await expectSound();
      });

      it("is final when it answers: a restart keeps everything that was answered", async () => {
        const receipts = await Promise.all(Array.from({ length: 20 }, () => submit(fixture.command("test.put", "a"))));
        const before = await harness.engine.checkpoint();
        await harness.restart();
        const after = await harness.engine.checkpoint();
        expect({ size: after.size, root: after.root }).toEqual({ size: before.size, root: before.root });
        for (const receipt of receipts) expect(await harness.engine.receipt(receipt.id)).toEqual(receipt);
        await expectSound();
      });
    });

    describe("idempotency", () => {
      it("gives two submissions in flight the same receipt", async () => {
        const tx = fixture.command("test.put", "a");
        const [first, second] = await Promise.all([submit(tx), harness.engine.submit(tx)]);
        expect(second).toEqual(first);
        await expectSound();
      });

      it("gives the first receipt again later and after a restart", async () => {
        const tx = fixture.command("test.put", "a");
        const first = await submit(tx);
        await submit(fixture.command("test.put", "b"));
        expect(await harness.engine.submit(tx)).toEqual(first);
        await harness.restart();
        expect(await harness.engine.submit(tx)).toEqual(first);
        await expectSound();
      });

      it("takes the same bytes from two members as two transactions, each with its own receipt", async () => {
        const change = { nonce: 1, expires: FAR_EXPIRY };
        const by = (signer: Signer) => fixture.command("test.put", "a", { change, signers: [signer] });
        const [ours, theirs] = [by(fixture.member), by(fixture.other)];
        expect(theirs.bytes).toEqual(ours.bytes);
        const receipts = await Promise.all([submit(ours), submit(theirs)]);
        expect(new Set(receipts.map((each) => each.index)).size).toBe(2);
        for (const key of [fixture.member, fixture.other]) {
          expect((await harness.engine.read(noncePath(toHex(key.keyId)))).value).toBeDefined();
        }
        await expectSound();
      });

      it.each(["other", "stranger"] as const)(
        "lets no %s who signs a copy first suppress the original",
        async (who) => {
          const change = { nonce: 1, expires: FAR_EXPIRY };
          const copy = fixture.command("test.put", "a", { change, signers: [fixture[who]] });
          const original = fixture.command("test.put", "a", { change });
          if (who === "other") await submit(copy);
          else expect(await refusal(copy)).toBe("ledger/unknown-key");
          const receipt = await submit(original);
          expect(await harness.engine.receipt(original.id)).toEqual(receipt);
          expect(copy.id).not.toEqual(original.id);
          await expectSound();
        },
      );

      it("knows no receipt of what was never submitted", async () => {
        expect(await harness.engine.receipt(new Uint8Array(32))).toBeUndefined();
      });
    });

    describe("refusals, by code, without a trace", () => {
      const resigned = (change: Parameters<Fixture["command"]>[2]) => fixture.command("test.put", "a", change);
      const cases: readonly (readonly [string, () => SignedTransaction])[] = [
        ["ledger/malformed", () => truncated(fixture)],
        ["ledger/wrong-chain", () => resigned({ change: { chain: "other" as Genesis["chain"] } })],
        ["ledger/unknown-kind", () => resigned({ change: { kind: "nobody.knows" } })],
        ["ledger/unknown-suite", () => otherSuite(fixture)],
        ["ledger/unknown-key", () => resigned({ signers: [fixture.stranger] })],
        ["ledger/bad-signature", () => badSignature(fixture)],
        ["ledger/too-large", () => resigned({ events: 4097 })],
        ["ledger/too-large", () => ({ ...resigned({}), attachments: [new Uint8Array(600 * 1024 + 1)] })],
        ["ledger/nonce-repeated", () => resigned({ change: { nonce: 0 } })],
        ["ledger/expired", () => resigned({ change: { expires: Math.floor(clock.ms / 1000) } })],
        ["test/refused", () => fixture.command("test.refuse", "a", { events: 2 })],
      ];
      it.each(cases)("%s (case %#)", async (code, broken) => {
        await submit(resigned({ change: { nonce: 1 } }));
        const before = await harness.engine.checkpoint();
        expect(await refusal(broken())).toBe(code);
        expect((await harness.engine.checkpoint()).root).toEqual(before.root);
        await submit(resigned({ change: { nonce: 1000 } }));
        await expectSound();
      });

      it("refuses one of several in a block and keeps the others", async () => {
        const first = submit(fixture.command("test.put", "a"));
        const code = refusal(fixture.command("test.refuse", "c"));
        const last = submit(fixture.command("test.put", "d"));
        await Promise.all([first, last]);
        expect(await code).toBe("test/refused");
        expect((await harness.engine.read(statePathOf("c"))).value).toBeUndefined();
        await expectSound();
      });

      it("takes the nonce of a refused transaction for another one", async () => {
        expect(await refusal(fixture.command("test.refuse", "a", { change: { nonce: 5 } }))).toBe("test/refused");
        await submit(fixture.command("test.put", "a", { change: { nonce: 5, expires: FAR_EXPIRY - 1 } }));
        await expectSound();
      });
    });

    describe("proofs", () => {
      it("proves every leaf in every size seen, and every size a prefix of the next", async () => {
        const checkpoints = [await harness.engine.checkpoint()];
        for (let i = 0; i < 5; i++) {
          await submit(fixture.command("test.emit", "a", { events: 60 * i }));
          checkpoints.push(await harness.engine.checkpoint());
        }
        const last = checkpoints.at(-1) ?? (await harness.engine.checkpoint());
        const leaves = await collect(harness.engine.leaves(0, last.size));
        for (const { size, root, note } of checkpoints) {
          expect(openCheckpoint(primitives, note, fixture.genesis)).toMatchObject({ size, root });
          const path = await harness.engine.consistency(size, last.size);
          expect(verifyConsistency(primitives, { size, root }, { size: last.size, root: last.root }, path)).toBe(true);
          for (const { index, leaf } of leaves.slice(0, size).filter((_, i) => i % 37 === 0 || i === size - 1)) {
            const inclusion = await harness.engine.inclusion(index, size);
            const hash = leafHash(primitives, leaf);
            expect(verifyInclusion(primitives, hash, index, size, inclusion, root)).toBe(true);
          }
        }
        await expectSound();
      });

      it("proves values and their absence under the newest block leaf", async () => {
        await submit(fixture.command("test.put", "there", { value: utf8("x") }));
        await submit(fixture.command("test.put", "gone", { value: utf8("y") }));
        await submit(fixture.command("test.delete", "gone"));
        const expected = { there: utf8("x"), gone: undefined, never: undefined };
        for (const [name, value] of Object.entries(expected)) {
          const key = statePathOf(name);
          const proved = await harness.engine.read(key);
          const leaf = decodeLeaf(proved.blockLeaf);
          const { size, root } = proved.checkpoint;
          expect(proved.value).toEqual(value);
          expect(leaf.type === "block" && verifyStateProof(primitives, leaf.stateRoot, key, value, proved.proof)).toBe(
            true,
          );
          const hash = leafHash(primitives, proved.blockLeaf);
          expect(verifyInclusion(primitives, hash, proved.blockIndex, size, proved.inclusion, root)).toBe(true);
        }
        expect((await harness.engine.read(noncePath(fixture.memberKeyHex))).value).toBeDefined();
      });

      it("refuses ranges that the log does not have", async () => {
        const { size } = await harness.engine.checkpoint();
        await expect(collect(harness.engine.leaves(0, size + 1))).rejects.toThrow(RangeError);
        await expect(harness.engine.inclusion(size, size)).rejects.toThrow(RangeError);
        await expect(harness.engine.consistency(2, 1)).rejects.toThrow(RangeError);
        expect(await harness.engine.tile("tile/0/999")).toBeUndefined();
        expect(await harness.engine.tile("tile/../../secret")).toBeUndefined();
      });
    });

    describe("life cycle", () => {
      it("tells a subscriber every block after the call, in order, until the signal aborts", async () => {
        const seen: FinalBlock[] = [];
        const stop = new AbortController();
        harness.engine.subscribe((block) => seen.push(block), stop.signal);
        const before = (await harness.engine.health()).sequence;
        for (let i = 0; i < 5; i++) await submit(fixture.command("test.put", "a"));
        stop.abort();
        await submit(fixture.command("test.put", "a"));
        expect(seen.map((each) => each.sequence)).toEqual([1, 2, 3, 4, 5].map((i) => before + i));
        expect(seen.every((each, i) => i === 0 || each.first === seen[i - 1]?.size)).toBe(true);
      });

      it("finishes what is queued before it closes, and then says that it is closed", async () => {
        const pending = Array.from({ length: 10 }, () => submit(fixture.command("test.put", "a")));
        await harness.engine.close();
        await harness.engine.close();
        expect(await Promise.all(pending)).toHaveLength(10);
        expect(await refusal(fixture.command("test.put", "a"))).toBe("ledger/closed");
        await harness.restart();
        await expectSound();
      });

      it("reports what it holds", async () => {
        await submit(fixture.command("test.put", "a"));
        const { size } = await harness.engine.checkpoint();
        expect(await harness.engine.health()).toEqual({ status: "ok", size, sequence: 1, queued: 0 });
      });
    });

    it("property: any commands, in any grouping, with restarts, give the log and state of the model", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
          await harness.dispose();
          await start();
          await runSteps(steps);
          await expectSound();
        }),
        { numRuns: 12 },
      );
    });

    async function runSteps(steps: readonly Step[]): Promise<void> {
      const model = new Map<string, Uint8Array>();
      let open: Promise<unknown>[] = [];
      for (const { kind, name, value, events, then } of steps) {
        const tx = fixture.command(kind, name, { value, events });
        open.push(kind === "test.refuse" ? refusal(tx) : submit(tx));
        if (kind === "test.delete") model.delete(name);
        else if (kind !== "test.refuse") model.set(name, value);
        if (then === "on") continue;
        await Promise.all(open);
        open = [];
        if (then === "restart") await harness.restart();
      }
      await Promise.all(open);
      for (const name of NAMES) {
        const { value } = await harness.engine.read(statePathOf(name));
        const wanted = model.get(name);
        expect(value === undefined ? wanted === undefined : wanted !== undefined && equal(value, wanted)).toBe(true);
      }
    }
  });
}

const NAMES = ["a", "b", "c", "d"] as const;

const step = fc.record({
  kind: fc.constantFrom("test.put", "test.delete", "test.emit", "test.refuse"),
  name: fc.constantFrom(...NAMES),
  value: fc.uint8Array({ maxLength: 20 }),
  events: fc.nat(300),
  then: fc.constantFrom("on", "on", "on", "wait", "restart"),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function truncated(fixture: Fixture): SignedTransaction {
  const tx = fixture.command("test.put", "a");
  return { ...tx, bytes: tx.bytes.subarray(0, tx.bytes.length - 1) };
}

function otherSuite(fixture: Fixture): SignedTransaction {
  const tx = fixture.command("test.put", "a");
  return { ...tx, signatures: tx.signatures.map((s) => ({ ...s, suite: "SM-1" })) };
}

function badSignature(fixture: Fixture): SignedTransaction {
  const tx = fixture.command("test.put", "a");
  const flipped = (b: Uint8Array) => b.map((byte, i) => (i === 3 ? byte ^ 1 : byte));
  return { ...tx, signatures: tx.signatures.map((s) => ({ ...s, signature: flipped(s.signature) })) };
}
