import { codeOf, orgId } from "@anamnesis/core";
import { signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import {
  checkGenesis,
  decodeGenesis,
  encodeGenesis,
  type Genesis,
  genesisFromJson,
  genesisToJson,
  organisationFromJson,
  organisationToJson,
  signGenesis,
  unsignedFounders,
} from "@anamnesis/ledger";
import { founded, founderSigner } from "@anamnesis/ledger/conformance/founding";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const logKey = native.ed25519PublicKey(new Uint8Array(32).fill(9));
const ids = ["nord", "sued", "labor"];
const genesis = founded(native, { chain: "test", time: 5, organisations: ids, logKey });

const codeFor = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
};
const check = (changed: Genesis) => codeFor(() => checkGenesis(native, changed));
const [first, second, third] = genesis.organisations;
if (first === undefined || second === undefined || third === undefined) throw new Error("three founders");
/** The same document with other organisations, signed again by all who are in it. */
const signedAgain = (changed: Partial<Genesis>): Genesis =>
  ids.reduce<Genesis>((each, id) => signGenesis(native, each, founderSigner(native, id)), { ...genesis, ...changed });

describe("genesis", () => {
  it("travels unchanged as bytes and as a file for people", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.integer({ min: 4096, max: 1_000_000 }),
        (organisations, time, burst) => {
          const one = founded(native, {
            chain: "c",
            time,
            organisations,
            logKey,
            policy: { quota: { burst, perSecond: 7 } },
          });
          expect(decodeGenesis(encodeGenesis(one))).toEqual(one);
          expect(genesisFromJson(genesisToJson(one))).toEqual(one);
          expect(check(one)).toBeUndefined();
        },
      ),
      { numRuns: 20 },
    );
  });

  it("gives an organisation's public file back as it was", () => {
    expect(organisationFromJson(organisationToJson(first))).toEqual(first);
    expect(codeFor(() => organisationFromJson("{}"))).toBe("ledger/malformed");
  });

  it("founds nothing until every founder has signed, in whatever order they do", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(ids), (order) => {
        let draft: Genesis = { ...genesis, signatures: [] };
        for (const id of order) draft = signGenesis(native, draft, founderSigner(native, id));
        expect(unsignedFounders(native, draft)).toEqual(ids.filter((id) => !order.includes(id)));
        expect(check(draft)).toBe(order.length === ids.length ? undefined : "ledger/bad-genesis");
        if (order.length === ids.length) expect(encodeGenesis(draft)).toEqual(encodeGenesis(genesis));
      }),
      { numRuns: 20 },
    );
  });

  it("does not hold with a signature moved, doubled, altered or for another body", () => {
    const { signatures } = genesis;
    expect(check({ ...genesis, signatures: signatures.toReversed() })).toBe("ledger/bad-genesis");
    expect(check({ ...genesis, signatures: [...signatures, ...signatures] })).toBe("ledger/bad-genesis");
    const flipped = signatures.map((s) => ({ ...s, signature: s.signature.map((b, i) => (i === 7 ? b ^ 1 : b)) }));
    expect(check({ ...genesis, signatures: flipped })).toBe("ledger/bad-genesis");
    expect(check({ ...genesis, time: 6 })).toBe("ledger/bad-genesis");
    expect(check({ ...genesis, policy: { ...genesis.policy, proposalMs: 3_600_000 } })).toBe("ledger/bad-genesis");
  });

  it("is signed by founders alone", () => {
    const stranger = signerFromSeed(native, "INTL-1", new Uint8Array(32).fill(77));
    expect(codeFor(() => signGenesis(native, genesis, stranger))).toBe("ledger/unknown-key");
  });

  const faults: readonly [string, Partial<Genesis>][] = [
    ["no organisation", { organisations: [] }],
    ["two organisations of one id", { organisations: [first, { ...second, id: first.id }, third] }],
    [
      "one key for two organisations",
      { organisations: [first, { ...second, keys: [...second.keys, ...first.keys] }, third] },
    ],
    ["one cosigner key for two", { organisations: [first, { ...second, cosigner: first.cosigner }, third] }],
    ["the log's key as a cosigner key", { organisations: [{ ...first, cosigner: logKey }, second, third] }],
    [
      "an organisation without a key",
      { organisations: [first, second, third, { ...third, id: orgId("x"), keys: [] }] },
    ],
    [
      "a key of another length",
      { organisations: [{ ...first, keys: [{ suite: "INTL-1", publicKey: logKey.slice(1) }] }, second, third] },
    ],
    [
      "a key of an unknown suite",
      { organisations: [{ ...first, keys: [{ suite: "SM-1", publicKey: logKey.slice() }] }, second, third] },
    ],
    ["a name with a line break", { organisations: [{ ...first, name: "a\nb" }, second, third] }],
  ];

  it.each(faults)("is refused with %s, however it is signed", (_what, change) => {
    expect(codeFor(() => signedAgain(change))).toBe("ledger/bad-genesis");
    expect(check({ ...genesis, ...change })).toBe("ledger/bad-genesis");
  });

  it("never takes damaged bytes for a complete document", () => {
    const bytes = encodeGenesis(genesis);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, xor) => {
        const damaged = bytes.map((b, i) => (i === at ? b ^ xor : b));
        const code = codeFor(() => checkGenesis(native, decodeGenesis(damaged)));
        expect(["core/bad-encoding", "core/bad-identifier", "ledger/malformed", "ledger/bad-genesis"]).toContain(code);
      }),
      { numRuns: 60 },
    );
    for (let end = 0; end < bytes.length; end++) {
      expect(codeFor(() => decodeGenesis(bytes.subarray(0, end)))).toBeDefined();
    }
  });
});
