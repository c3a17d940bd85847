import { createHash } from "node:crypto";
import { codeOf, toHex, utf8 } from "@anamnesis/core";
import { keyId, signerFromSeed, suiteOf } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { portable } from "@anamnesis/crypto/portable";
import { describe, expect, it } from "vitest";

const SEED = Uint8Array.from({ length: 32 }, (_, i) => i);
const MESSAGE = utf8("a message");

const thrownBy = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

it.each(["", "SM-1", "intl-1", "toString", "__proto__", "Zoë"])("suite %j is unknown, by name", (id) => {
  const error = thrownBy(() => suiteOf(id));
  expect(codeOf(error)).toBe("crypto/unknown-suite");
});

it("the error does not repeat what a stranger wrote", () => {
  expect(String(thrownBy(() => suiteOf("Jane Roe")))).not.toContain("Jane");
});

it("the key id is the one of the specification", () => {
  const publicKey = native.ed25519PublicKey(SEED);
  const whole = createHash("sha256").update("anamnesis/key/v1\0INTL-1\0", "latin1").update(publicKey).digest("hex");
  expect(toHex(keyId(native, "INTL-1", publicKey))).toBe(whole.slice(0, 32));
  expect(codeOf(thrownBy(() => keyId(native, "INTL-1", publicKey.subarray(1))))).toBe("crypto/bad-key");
});

describe.each([native, portable])("INTL-1 with $name", (p) => {
  const suite = suiteOf("INTL-1");

  it("signs and verifies through the table and through a signer", () => {
    const signer = signerFromSeed(p, "INTL-1", SEED);
    const signature = signer.sign(MESSAGE);
    expect(signature).toHaveLength(suite.signatureBytes);
    expect(signer.publicKey).toHaveLength(suite.publicKeyBytes);
    expect(toHex(suite.sign(p, SEED, MESSAGE))).toBe(toHex(signature));
    expect(suite.verify(p, signer.publicKey, MESSAGE, signature)).toBe(true);
    expect(suite.verify(p, signer.publicKey, utf8("another"), signature)).toBe(false);
    expect(toHex(signer.keyId)).toBe(toHex(keyId(p, "INTL-1", suite.publicKey(p, SEED))));
  });

  it("a signer shows nothing of its seed", () => {
    const signer = signerFromSeed(p, "INTL-1", SEED);
    const bytes = Object.values(signer).filter((value) => value instanceof Uint8Array);
    expect(bytes.map(toHex)).not.toContain(toHex(SEED));
    expect(Object.keys(signer).sort()).toEqual(["keyId", "publicKey", "sign", "suite"]);
  });

  it("refuses a seed of another length", () => {
    expect(codeOf(thrownBy(() => signerFromSeed(p, "INTL-1", SEED.subarray(1))))).toBe("crypto/bad-key");
  });
});
