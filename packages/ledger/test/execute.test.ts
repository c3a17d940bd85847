import { Fixture, testContract } from "@anamnesis/ledger/conformance";
import { describe, expect, it } from "vitest";
import { executeBlock, executeGenesis, type SignedTransaction } from "../src/index.ts";
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
});
