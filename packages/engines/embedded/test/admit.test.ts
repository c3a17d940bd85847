import { codeOf } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import type { Contract, SignedTransaction, StateReader } from "@anamnesis/ledger";
import { encodeMemberKey, LIMITS, memberKeyPath } from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance/contract";
import { Fixture } from "@anamnesis/ledger/conformance/fixture";
import { describe, expect, it } from "vitest";
import { admit, checkSignatures } from "../src/admission.ts";

describe("admission, without a ledger behind it", () => {
  const fixture = new Fixture(native);
  const nothing: Contract = { ...testContract, check: () => null };
  const codeFor = (given: SignedTransaction, contract = nothing): string | undefined => {
    try {
      admit(native, contract, fixture.genesis, given);
      return "admitted";
    } catch (error) {
      return codeOf(error);
    }
  };

  it("refuses what the contract refuses by looking at it, before a block is made", () => {
    const refusing: Contract = { ...testContract, check: () => ({ code: "test/refused", message: "as asked" }) };
    expect(codeFor(fixture.command("test.put", "a"), refusing)).toBe("test/refused");
    expect(codeFor(fixture.command("test.put", "a"))).toBe("admitted");
  });

  it.each([
    [LIMITS.batchBytes, "admitted"],
    [LIMITS.batchBytes + 1, "ledger/too-large"],
  ])("takes no more attached bytes than the limit, whatever the contract says: %i, %s", (bytes, code) => {
    const tx = fixture.command("test.put", "a");
    const rest = bytes % 60_000;
    const attachments = [...Array.from({ length: Math.floor(bytes / 60_000) }, () => 60_000), rest];
    expect(codeFor({ ...tx, attachments: attachments.map((length) => new Uint8Array(length)) })).toBe(code);
  });

  it("checks the signatures of members at once, and leaves those of strangers to the block", async () => {
    const tx = fixture.command("test.put", "a");
    const wrong = { ...tx, signatures: tx.signatures.map((each) => ({ ...each, signature: new Uint8Array(64) })) };
    const record = encodeMemberKey("INTL-1", fixture.member.publicKey, "nord");
    const knowing: StateReader = {
      get: (key) => (key === memberKeyPath(fixture.memberKeyHex) ? record : undefined),
    };
    expect(await checkSignatures(native, knowing, tx)).toBe(true);
    const verdict = async () => checkSignatures(native, knowing, wrong);
    expect(await verdict().catch(codeOf)).toBe("ledger/bad-signature");
    expect(await checkSignatures(native, { get: () => undefined }, wrong)).toBe(false);
  });
});
