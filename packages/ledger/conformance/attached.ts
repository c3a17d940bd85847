/** What engines promise that compute the root over attachments before their transaction is signed (`Engine.submitAttached`). */
import { codeOf } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AttachingEngine, leafHashes, packAttachments, type SignedTransaction, treeHash } from "../src/index.ts";
import { testContract } from "./contract.ts";
import type { Harness, HarnessOptions } from "./engine.ts";
import { Fixture, TestClock } from "./fixture.ts";
import { type Recorded, replayRecorded } from "./replay.ts";

export type MakeAttaching = (options: HarnessOptions) => Promise<Harness & { readonly engine: AttachingEngine }>;

export function attachingConformance(name: string, primitives: Primitives, make: MakeAttaching): void {
  describe(`engine ${name}: attachments whose root is asked for first`, () => {
    let fixture: Fixture;
    let harness: Awaited<ReturnType<MakeAttaching>>;
    let recorded: Recorded[];
    beforeEach(async () => {
      fixture = new Fixture(primitives);
      const { genesis, logSeed } = fixture;
      harness = await make({ genesis, contract: testContract, primitives, logSeed, clock: new TestClock() });
      recorded = [];
    });
    afterEach(() => harness.dispose());

    const command = (events: number): SignedTransaction => fixture.command("test.emit", "a", { events });
    const attach = async (given: SignedTransaction, signed: () => SignedTransaction | Promise<SignedTransaction>) => {
      const { attachments, ...bare } = given;
      let root: Uint8Array | undefined;
      const receipt = await harness.engine.submitAttached(packAttachments(attachments), (answered) => {
        root = answered;
        return signed();
      });
      recorded.push({ receipt, transaction: { ...bare, attachments } });
      return { receipt, root };
    };
    const bare = (given: SignedTransaction): SignedTransaction => ({ ...given, attachments: [] });
    const expectSound = async () => {
      const { size, root } = await harness.engine.checkpoint();
      expect({ size, root }).toEqual(replayRecorded(primitives, fixture.genesis, recorded));
    };

    it("tells the root, and logs what a transaction with its attachments would", async () => {
      for (const events of [0, 1, 2, 5, 300]) {
        const tx = command(events);
        const { receipt, root } = await attach(tx, () => bare(tx));
        expect(root).toEqual(treeHash(primitives, leafHashes(primitives, tx.attachments)));
        expect(receipt.count).toBe(1 + events);
      }
      await expectSound();
    });

    it("makes them final in the order of the calls, whether they are signed at once or later", async () => {
      const all = Array.from({ length: 30 }, (_, i) => command(i % 4));
      const receipts = await Promise.all(
        all.map((tx, i) => attach(tx, () => (i < 15 ? bare(tx) : Promise.resolve(bare(tx))))),
      );
      const indices = receipts.map(({ receipt }) => receipt.index);
      expect(indices).toEqual(indices.toSorted((a, b) => a - b));
      await expectSound();
    });

    it("leaves no trace of what is refused or never signed, and goes on", async () => {
      const refused = fixture.command("test.refuse", "a", { events: 2 });
      expect(await attach(refused, () => bare(refused)).then(() => "accepted", codeOf)).toBe("test/refused");
      const unsigned = attach(command(2), () => {
        throw new Error("no key at hand");
      });
      await expect(unsigned).rejects.toThrow("no key at hand");
      await expect(attach(command(2), () => Promise.reject(new Error("nor later")))).rejects.toThrow("nor later");
      const tx = command(3);
      await attach(tx, () => bare(tx));
      await expectSound();
    });

    it("refuses after it was closed", async () => {
      await harness.engine.close();
      const tx = command(1);
      expect(await attach(tx, () => bare(tx)).then(() => "accepted", codeOf)).toBe("ledger/closed");
    });
  });
}
