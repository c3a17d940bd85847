import { join } from "node:path";
import { codeOf } from "@anamnesis/core";
import type { Contract } from "@anamnesis/ledger";
import { statePathOf, testContract } from "@anamnesis/ledger/conformance/contract";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEmbedded } from "../src/index.ts";
import { TestLedger, temporaryFolder } from "./support.ts";

/** Puts only where nothing is, deletes only what is there: what it answers tells what it reads. */
const careful: Contract = {
  ...testContract,
  handle(context, tx) {
    const there = context.get(statePathOf("a")) !== undefined;
    if (there !== (tx.transaction.kind === "test.delete")) return { code: "test/refused", message: "not as it is" };
    return testContract.handle(context, tx);
  },
};

describe("what a contract reads", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let ledger: TestLedger;
  beforeEach(async () => {
    folder = temporaryFolder();
    ledger = new TestLedger();
    await ledger.create(join(folder.dir, "ledger"));
  });
  afterEach(() => folder.remove());

  const opened = () =>
    openEmbedded({ ...ledger.options(join(folder.dir, "ledger")), contract: careful, clock: ledger.clock });

  it("is what the blocks before have left, also of values that came, went and came again", async () => {
    let engine = await opened();
    for (let round = 0; round < 3; round++) {
      for (const kind of ["test.put", "test.delete"] as const) {
        const submitted = engine.submit(ledger.fixture.command(kind, "a"));
        expect(await submitted.then(() => "final", codeOf)).toBe("final");
        const again = engine.submit(ledger.fixture.command(kind, "a"));
        expect(await again.then(() => "final", codeOf)).toBe("test/refused");
      }
      await engine.close();
      engine = await opened();
    }
    await engine.close();
  });
});
