import { asUint, type Cbor, decode, toHex } from "@anamnesis/core";
import { Fixture, testContract } from "@anamnesis/ledger/conformance";
import { describe, expect, it } from "vitest";
import {
  decodeMemberKey,
  encodeMemberKey,
  executeBlock,
  executeGenesis,
  memberKeyPath,
  noncePath,
  REFUSE_KIND,
  refuseBody,
  type SignedTransaction,
  signTransaction,
} from "../src/index.ts";
import { p } from "./support.ts";

const fixture = new Fixture(p);
const { chain, time } = fixture.genesis;

function founded(): Map<string, Uint8Array> {
  const state = new Map<string, Uint8Array>();
  const { changes } = executeGenesis({ primitives: p, contract: testContract, chain, state }, fixture.genesis);
  for (const [key, value] of changes) if (value !== undefined) state.set(key, value);
  return state;
}

/** Signed by the second member, as an orderer signs its refusals with a key of its own. */
function refusalOf(body: Cbor, attachments: readonly Uint8Array[] = []): SignedTransaction {
  const frame = fixture.command("test.put", "x", { signers: [fixture.other] }).transaction;
  return signTransaction(p, { ...frame, kind: REFUSE_KIND, body }, [fixture.other], attachments);
}

function run(transactions: readonly SignedTransaction[], state = founded(), at = time + 1) {
  const host = { primitives: p, contract: testContract, chain, state };
  return executeBlock(host, { sequence: 1, time: at, transactions });
}

const codes = (transactions: readonly SignedTransaction[], state?: Map<string, Uint8Array>, at?: number) =>
  run(transactions, state, at).results.map((each) => (each.accepted ? "accepted" : each.refusal.code));

const refused = fixture.command("test.refuse", "a");
const nonceOf = (changes: ReadonlyMap<string, Uint8Array | undefined>, key: Uint8Array): number | undefined => {
  const value = changes.get(noncePath(toHex(key)));
  return value instanceof Uint8Array ? asUint(decode(value, "nonce"), "nonce") : undefined;
};

describe("a refusal on the ledger", () => {
  it("holds for what is refused: the key's nonce passes it, and nothing else of it remains", () => {
    const { results, changes, leaves } = run([refusalOf(refuseBody(refused))]);
    expect(results).toMatchObject([{ accepted: true, count: 1 }]);
    expect(leaves).toHaveLength(1);
    expect(nonceOf(changes, fixture.member.keyId)).toBe(refused.transaction.nonce);
    expect([...changes.keys()].every((key) => key.startsWith("nonce/"))).toBe(true);
  });

  it("never lets a key's nonce go back, also when it refuses what it signed itself under a later one", () => {
    const later = fixture.command("test.refuse", "a", { change: { nonce: 5000 } });
    const frame = fixture.command("test.put", "x").transaction;
    const own = signTransaction(p, { ...frame, kind: REFUSE_KIND, body: refuseBody(later) }, [fixture.member]);
    const { results, changes } = run([own, later]);
    expect(results).toMatchObject([{ accepted: true }, { refusal: { code: "ledger/nonce-repeated" } }]);
    expect(nonceOf(changes, fixture.member.keyId)).toBe(5000);
  });

  it("holds for a key that was suspended or withdrawn since it signed", () => {
    const right = fixture.command("test.put", "a");
    for (const status of ["suspended", "retired"] as const) {
      const state = founded();
      const path = memberKeyPath(fixture.memberKeyHex);
      const key = decodeMemberKey(state.get(path) ?? new Uint8Array(0));
      state.set(path, encodeMemberKey(key.suite, key.publicKey, key.organisation, status));
      expect(codes([right, refusalOf(refuseBody(right))], state)).toEqual([`ledger/key-${status}`, "accepted"]);
    }
  });

  it("does not hold for what would be executed, and leaves no trace of having tried it", () => {
    const right = fixture.command("test.put", "a");
    const { results, changes } = run([refusalOf(refuseBody(right)), right]);
    expect(results).toMatchObject([{ refusal: { code: "ledger/not-refused" } }, { accepted: true }]);
    expect(nonceOf(changes, fixture.other.keyId)).toBeUndefined();
  });

  it("does not hold for what came too late, so that nobody lets a transaction lie until it has expired", () => {
    const late = fixture.command("test.refuse", "a", { change: { expires: time / 1000 + 5 } });
    const refusal = refusalOf(refuseBody(late));
    expect(codes([refusal], founded(), time + 4999)).toEqual(["accepted"]);
    expect(codes([refusal], founded(), time + 5000)).toEqual(["ledger/not-refused"]);
  });

  it("does not hold for a nonce that was used: refused once is refused for good", () => {
    expect(codes([refusalOf(refuseBody(refused)), refused, refusalOf(refuseBody(refused))])).toEqual([
      "accepted",
      "ledger/nonce-repeated",
      "ledger/not-refused",
    ]);
  });

  it("uses up nobody's nonce without that key's signature", () => {
    const forged = { ...refused, signatures: refused.signatures.map((s) => ({ ...s, signature: new Uint8Array(64) })) };
    const strange = fixture.command("test.refuse", "a", { signers: [fixture.stranger] });
    const otherSuite = { ...refused, signatures: refused.signatures.map((s) => ({ ...s, suite: "CN-1" })) };
    for (const each of [forged, strange, otherSuite]) {
      expect(codes([refusalOf(refuseBody(each))])).toEqual(["ledger/not-refused"]);
    }
  });

  it("is malformed around anything that nobody could have been promised", () => {
    const batch = fixture.command("test.emit", "a", { events: 2 });
    const foreign = fixture.command("test.refuse", "a", { change: { chain: "other" as typeof chain } });
    const unknown = fixture.command("test.refuse", "a", { change: { kind: "nobody.knows" } });
    const bodies = [null, [], new Uint8Array(3), new Uint8Array(40_000), refuseBody(batch), refuseBody(foreign)];
    for (const body of [...bodies, refuseBody(refusalOf(refuseBody(refused)))]) {
      expect(codes([refusalOf(body)])).toEqual(["ledger/malformed"]);
    }
    expect(codes([refusalOf(refuseBody(unknown))])).toEqual(["ledger/unknown-kind"]);
    expect(codes([refusalOf(refuseBody(refused), fixture.events(1, 1))])).toEqual(["ledger/malformed"]);
  });
});
