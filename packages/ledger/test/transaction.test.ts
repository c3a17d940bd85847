import { chainId, encode } from "@anamnesis/core";
import { signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { decodeSigned, encodeSigned, LIMITS, parseTransaction, signTransaction } from "@anamnesis/ledger";
import { describe, expect, it } from "vitest";

const signer = signerFromSeed(native, "INTL-1", new Uint8Array(32).fill(7));
const tx = { chain: chainId("test"), kind: "events.batch", nonce: 1, expires: 2_000_000_000, body: [1, "two", null] };
const code = (value: string) => expect.objectContaining({ code: value });

describe("transaction", () => {
  it("travels unchanged", () => {
    const signed = signTransaction(native, tx, [signer], [new Uint8Array([1, 2]), new Uint8Array(0)]);
    expect(decodeSigned(native, encodeSigned(signed))).toEqual(signed);
    expect(parseTransaction(signed.bytes)).toEqual(tx);
  });

  it("refuses bytes cut off anywhere", () => {
    const wire = encodeSigned(signTransaction(native, tx, [signer]));
    for (let n = 0; n < wire.length; n++) {
      expect(() => decodeSigned(native, wire.subarray(0, n))).toThrow(code("core/bad-encoding"));
    }
  });

  it.each([
    ["an unknown version", encode([2, "test", "events.batch", 1, 1, null]), "ledger/malformed"],
    ["a kind without a module", encode([1, "test", "batch", 1, 1, null]), "ledger/malformed"],
    ["a bad chain name", encode([1, "Test!", "events.batch", 1, 1, null]), "core/bad-identifier"],
    ["a negative nonce", encode([1, "test", "events.batch", -1, 1, null]), "core/bad-encoding"],
    ["a missing field", encode([1, "test", "events.batch", 1, 1]), "core/bad-encoding"],
    [
      "bytes that are too many",
      encode([1, "test", "a.b", 1, 1, new Uint8Array(LIMITS.transactionBytes)]),
      "ledger/too-large",
    ],
  ])("refuses %s", (_what, bytes, expected) => {
    expect(() => parseTransaction(bytes)).toThrow(code(expected));
  });

  it("has sixteen signatures at most", () => {
    const [signature] = signTransaction(native, tx, [signer]).signatures;
    const signed = (count: number) => {
      const signatures = Array.from({ length: count }, () => signature ?? []);
      const tuples = signatures.map((each) => ("keyId" in each ? [each.keyId, each.suite, each.signature] : []));
      return encode([signTransaction(native, tx, [signer]).bytes, tuples, []]);
    };
    expect(decodeSigned(native, signed(16)).signatures).toHaveLength(16);
    expect(() => decodeSigned(native, signed(17))).toThrow(code("core/bad-encoding"));
  });

  it("refuses a transaction that nobody signed", () => {
    const unsigned = { ...signTransaction(native, tx, [signer]), signatures: [] };
    expect(() => signTransaction(native, tx, [])).toThrow(code("ledger/malformed"));
    expect(() => decodeSigned(native, encodeSigned(unsigned))).toThrow(code("ledger/malformed"));
  });

  it("refuses a form that is not the canonical one", () => {
    // The integer 1 in two bytes: valid CBOR, another hash.
    const canonical = encode([1, "test", "a.b", 5, 5, null]);
    const at = canonical.lastIndexOf(5);
    const longer = new Uint8Array([...canonical.subarray(0, at), 0x18, 5, ...canonical.subarray(at + 1)]);
    expect(() => parseTransaction(longer)).toThrow(code("core/bad-encoding"));
  });
});
