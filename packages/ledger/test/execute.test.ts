import { utf8 } from "@anamnesis/core";
import { Fixture, statePathOf, testContract } from "@anamnesis/ledger/conformance";
import { describe, expect, it } from "vitest";
import { type Context, type Contract, executeBlock, executeGenesis, type SignedTransaction } from "../src/index.ts";
import { p } from "./support.ts";

describe("signatures in a block", () => {
  const fixture = new Fixture(p);
  const { chain, time } = fixture.genesis;
  const state = new Map<string, Uint8Array>();
  const host = { primitives: p, contract: testContract, chain, state };
  for (const [key, value] of executeGenesis(host, fixture.genesis).changes)
    if (value !== undefined) state.set(key, value);

  const right = fixture.command("test.put", "a");
  const wrong: SignedTransaction = {
    ...right,
    signatures: right.signatures.map((each) => ({ ...each, signature: new Uint8Array(64) })),
  };
  const outcome = (transaction: SignedTransaction, verified?: (id: Uint8Array) => boolean): string => {
    const asked = verified === undefined ? host : { ...host, verified };
    const [result] = executeBlock(asked, { sequence: 1, time: time + 1, transactions: [transaction] }).results;
    return result?.accepted === true ? "accepted" : (result?.refusal.code ?? "nothing");
  };

  it("are checked by whoever did not check them before, and only believed where they were", () => {
    expect(outcome(right)).toBe("accepted");
    expect(outcome(wrong)).toBe("ledger/bad-signature");
    expect(outcome(right, () => false)).toBe("accepted");
    expect(outcome(wrong, () => false)).toBe("ledger/bad-signature");
    expect(outcome(wrong, () => true)).toBe("accepted");
  });

  it("are checked all of them, not the first one only", () => {
    const both = fixture.command("test.put", "a", { signers: [fixture.member, fixture.other] });
    const [first, second] = both.signatures;
    if (first === undefined || second === undefined) throw new RangeError("two signatures");
    const forged = { ...second, signature: first.signature };
    expect(outcome(both)).toBe("accepted");
    expect(outcome({ ...both, signatures: [first, forged] })).toBe("ledger/bad-signature");
    expect(outcome({ ...both, signatures: [first, first] })).toBe("ledger/malformed");
  });
});

describe("what a refused command did", () => {
  const fixture = new Fixture(p);
  const { chain, time } = fixture.genesis;
  const state = new Map<string, Uint8Array>();
  const host = { primitives: p, contract: testContract, chain, state };
  for (const [key, value] of executeGenesis(host, fixture.genesis).changes)
    if (value !== undefined) state.set(key, value);
  state.set(statePathOf("old"), utf8("before"));
  const block = (...transactions: SignedTransaction[]) =>
    executeBlock(host, { sequence: 1, time: time + 1, transactions });
  const value = (text: string) => ({ value: utf8(text) });

  it("is taken back to what the commands before it in the block had left", () => {
    const { changes, leaves, results } = block(
      fixture.command("test.put", "a", value("first")),
      fixture.command("test.refuse", "a", { ...value("second"), events: 3 }),
      fixture.command("test.delete", "old"),
      fixture.command("test.refuse", "old", value("again")),
      fixture.command("test.refuse", "b", value("new")),
    );
    expect(results.map((each) => each.accepted)).toEqual([true, false, true, false, false]);
    expect(leaves).toHaveLength(2);
    expect(changes.get(statePathOf("a"))).toEqual(utf8("first"));
    expect([changes.has(statePathOf("old")), changes.get(statePathOf("old"))]).toEqual([true, undefined]);
    expect(changes.has(statePathOf("b"))).toBe(false);
  });

  it("is taken back also where it wrote one key more than once", () => {
    const key = statePathOf("a");
    const twice: Contract = {
      ...testContract,
      handle(context, tx) {
        if (tx.transaction.kind !== "test.refuse") return testContract.handle(context, tx);
        context.put(key, utf8("once"));
        context.delete(key);
        context.put(key, utf8("twice"));
        return { code: "test/refused", message: "as asked" };
      },
    };
    const transactions = [fixture.command("test.put", "a", value("first")), fixture.command("test.refuse", "a")];
    const { changes } = executeBlock({ ...host, contract: twice }, { sequence: 1, time: time + 1, transactions });
    expect(changes.get(key)).toEqual(utf8("first"));
  });

  it("is nothing when it was meant for another chain, whatever admission said", () => {
    const elsewhere = fixture.command("test.put", "a", { change: { chain: "another" as typeof chain } });
    const { results, leaves } = block(elsewhere);
    expect(results).toMatchObject([{ accepted: false, refusal: { code: "ledger/wrong-chain" } }]);
    expect(leaves).toEqual([]);
  });

  it("is a fault of the contract when it writes under a key that is no short ASCII path", () => {
    for (const key of ["", "a b", "ü", "x".repeat(201)]) {
      const writing = { ...testContract, handle: (context: Context) => (context.put(key, utf8("x")), null) };
      const run = () =>
        executeBlock(
          { ...host, contract: writing },
          { sequence: 1, time: time + 1, transactions: [fixture.command("test.put", "a")] },
        );
      expect(run).toThrow("a state key is a short ASCII path");
    }
  });
});
