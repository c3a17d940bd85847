import { describe, expect, it } from "vitest";
import { decodePromise, type LogPromise, promisedBy, signPromise } from "../src/index.ts";
import { chain, fixture, genesis } from "./consortium.ts";
import { codeThrown, p } from "./support.ts";

const promise: LogPromise = {
  chain,
  transaction: new Uint8Array(32).fill(7),
  keyId: fixture.member.keyId,
  nonce: 12,
  acceptedMs: 1_700_000_001_000,
  byMs: 1_700_000_031_000,
};
const file = signPromise(p.ed25519Signer(fixture.logSeed), promise);

describe("a promise", () => {
  it("reads back and is the log key's", () => {
    const signed = decodePromise(file);
    expect(signed.promise).toEqual(promise);
    expect(promisedBy(p, genesis.logKey, signed)).toBe(true);
    expect(promisedBy(p, fixture.member.publicKey, signed)).toBe(false);
  });

  it("is refused or nobody's when any byte is flipped or cut off", () => {
    for (let at = 0; at < file.length; at++) {
      const flipped = file.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      const outcome = codeThrown(() => expect(promisedBy(p, genesis.logKey, decodePromise(flipped))).toBe(false));
      expect(outcome).toMatch(/^(?:no error|(?:core|ledger)\/.*)$/);
      expect(codeThrown(() => decodePromise(file.subarray(0, at)))).toMatch(/^(?:core|ledger)\//);
    }
  });
});
