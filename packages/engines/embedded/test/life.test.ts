import { join } from "node:path";
import { codeOf } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { type Contract, verifyLog } from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance/contract";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLedger, openEmbedded, openReader } from "../src/index.ts";
import { TestLedger, temporaryFolder } from "./support.ts";

describe("one ledger, several processes and mistakes", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let dir: string;
  let ledger: TestLedger;
  beforeEach(async () => {
    folder = temporaryFolder();
    dir = join(folder.dir, "ledger");
    ledger = new TestLedger();
    await ledger.create(dir);
  });
  afterEach(() => folder.remove());

  it("has one orderer at a time", async () => {
    const engine = await ledger.open(dir);
    await expect(ledger.open(dir)).rejects.toMatchObject({ code: "ledger/locked" });
    await engine.close();
    const again = await ledger.open(dir);
    await again.close();
  });

  it("is read by others while it is written, and when it is not", async () => {
    const engine = await ledger.open(dir);
    const reader = await openReader({ dir, primitives: native });
    for (let i = 0; i < 20; i++) {
      await engine.submit(ledger.fixture.command("test.emit", "a", { events: 50 }));
      const { size, root } = await engine.checkpoint();
      expect(await reader.checkpoint()).toMatchObject({ size, root });
      expect((await reader.read("test/a")).checkpoint.size).toBe(size);
      if (i % 5 === 0)
        expect((await verifyLog(reader, { primitives: native, contract: testContract })).problems).toEqual([]);
    }
    expect((await ledger.verify(dir)).problems).toEqual([]);
    await engine.close();
    await reader.close();
    const later = await openReader({ dir, primitives: native });
    expect((await later.checkpoint()).size).toBeGreaterThan(1000);
    await later.close();
  });

  it("is not founded twice, nor opened with another key or genesis", async () => {
    await expect(ledger.create(dir)).rejects.toMatchObject({ code: "ledger/exists" });
    const options = { ...ledger.options(dir), clock: ledger.clock };
    const other = new Uint8Array(32).fill(9);
    await expect(openEmbedded({ ...options, logSigner: other })).rejects.toMatchObject({ code: "ledger/unknown-key" });
    const genesis = { ...options.genesis, time: 1 };
    await expect(openEmbedded({ ...options, genesis })).rejects.toMatchObject({ code: "ledger/wrong-chain" });
    await expect(openReader({ dir, primitives: native, genesis })).rejects.toMatchObject({
      code: "ledger/wrong-chain",
    });
    const elsewhere = join(folder.dir, "elsewhere");
    const wrongKey = createLedger({ ...options, dir: elsewhere, logSigner: other });
    await expect(wrongKey).rejects.toMatchObject({ code: "ledger/unknown-key" });
    const engine = await ledger.open(dir);
    await engine.close();
  });

  it("takes no more than its queue holds", async () => {
    const engine = await ledger.open(dir, { queuedTransactions: 2 });
    const codes = [1, 2, 3].map(() =>
      engine.submit(ledger.fixture.command("test.put", "a")).then(() => "final", codeOf),
    );
    expect(await Promise.all(codes)).toEqual(["final", "final", "ledger/busy"]);
    await engine.close();
  });

  it("survives a wrong signature that finds the queue full", async () => {
    const engine = await ledger.open(dir, { queuedTransactions: 1 });
    const first = engine.submit(ledger.fixture.command("test.put", "a"));
    const tx = ledger.fixture.command("test.put", "a");
    const signatures = tx.signatures.map((each) => ({ ...each, signature: each.signature.with(3, 0) }));
    await expect(engine.submit({ ...tx, signatures })).rejects.toMatchObject({ code: "ledger/busy" });
    await first;
    await engine.close();
    // A rejection that nobody awaits ends the process; the test runner fails on it.
    expect((await ledger.verify(dir)).problems).toEqual([]);
  });

  it("gives nobody the receipt of what another key signed in the same bytes", async () => {
    const engine = await ledger.open(dir);
    const { fixture } = ledger;
    const mine = fixture.command("test.put", "a", { change: { nonce: 7 } });
    const theirs = fixture.command("test.put", "a", { change: { nonce: 7 }, signers: [fixture.stranger] });
    expect(theirs.id).not.toEqual(mine.id);
    const code = engine.submit(theirs).then(() => "final", codeOf);
    const receipt = await engine.submit(mine);
    expect(await code).toBe("ledger/unknown-key");
    await expect(engine.submit(theirs)).rejects.toMatchObject({ code: "ledger/unknown-key" });
    expect(await engine.submit(mine)).toEqual(receipt);
    await engine.close();
  });

  it("puts no more into a block than its limit, in the order of submission", async () => {
    const engine = await ledger.open(dir, { blockTransactions: 3 });
    const txs = Array.from({ length: 8 }, () => engine.submit(ledger.fixture.command("test.put", "a")));
    const sequences = (await Promise.all(txs)).map((each) => each.sequence);
    // Signatures are checked elsewhere, so a block may begin before all are there; then it is smaller.
    const sizes = [...new Set(sequences)].map((each) => sequences.filter((s) => s === each).length);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    expect(sizes.length).toBeGreaterThanOrEqual(3);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(3);
    await engine.close();
  });

  it("stops for good when the contract throws, and writes nothing of that block", async () => {
    const faulty: Contract = {
      ...testContract,
      handle(context, tx) {
        if (tx.transaction.kind === "test.delete") throw new TypeError("a bug");
        return testContract.handle(context, tx);
      },
    };
    const engine = await openEmbedded({ ...ledger.options(dir), contract: faulty, clock: ledger.clock });
    const good = engine.submit(ledger.fixture.command("test.put", "a"));
    const bad = engine.submit(ledger.fixture.command("test.delete", "a"));
    expect(await bad.then(() => "final", codeOf)).toBe("ledger/closed");
    // Whether the good one shares its block is a matter of time; in a block of its own it stays.
    const kept = await good.then(
      ({ index, count }) => index + count + 1,
      () => 2,
    );
    expect(await engine.health()).toMatchObject({ status: "failed", size: kept });
    await expect(engine.checkpoint()).rejects.toMatchObject({ code: "ledger/closed" });
    await engine.close();
    expect((await ledger.verify(dir)).problems).toEqual([]);
  });

  it("drops a listener that throws and goes on", async () => {
    const engine = await ledger.open(dir);
    let calls = 0;
    const warned = new Promise((resolve) => process.once("warning", resolve));
    engine.subscribe(() => {
      calls++;
      throw new TypeError("a listener's bug");
    }, new AbortController().signal);
    await engine.submit(ledger.fixture.command("test.put", "a"));
    await engine.submit(ledger.fixture.command("test.put", "a"));
    expect(calls).toBe(1);
    expect(await warned).toBeInstanceOf(TypeError);
    await engine.close();
  });
});
