import { BATCH_KIND, encodeBatchBody, START } from "@anamnesis/contracts";
import { chainId, codeOf, equal, sourceId } from "@anamnesis/core";
import { signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import {
  checkProof,
  decodeProofFile,
  encodeEvent,
  encodeProofFile,
  hashAt,
  leafHashes,
  type ProofFile,
  rootFromInclusion,
  signTransaction,
  treeHash,
} from "@anamnesis/ledger";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const signer = signerFromSeed(native, "INTL-1", new Uint8Array(32).fill(9));

/** Audit path by the definition of RFC 6962 §2.1.1, over packed leaf hashes. */
function path(hashes: Uint8Array, index: number): Uint8Array[] {
  const n = hashes.length / 32;
  if (n <= 1) return [];
  let k = 1;
  while (2 * k < n) k *= 2;
  const [left, right] = [hashes.subarray(0, 32 * k), hashes.subarray(32 * k)];
  return index < k
    ? [...path(left, index), treeHash(native, right)]
    : [...path(right, index - k), treeHash(native, left)];
}

const event = (i: number) =>
  encodeEvent({
    kind: "create",
    source: "ehr",
    table: new Uint8Array(8),
    row: new Uint8Array(16).fill(i),
    schema: new Uint8Array(8),
    commitment: new Uint8Array(32).fill(i),
    lsn: 0x2_0000_0000n,
    ordinal: i + 1,
    xid: 9_000_000_000n,
    time: 1_790_000_000_000_000,
    actor: new Uint8Array(16),
    purpose: "TREAT",
  });

/** A log that holds one batch of `count` events (its header and a block leaf left out: the tree does not care). */
function proofOf(count: number, place: number, withAuthor = true): { proof: ProofFile; root: Uint8Array } {
  const leaves = Array.from({ length: count }, (_, i) => event(i));
  const hashes = leafHashes(native, leaves);
  const root = treeHash(native, hashes);
  const at = { lsn: 0x2_0000_0000n, ordinal: count };
  const header = { source: sourceId("ehr"), incarnation: new Uint8Array(8), from: START, to: at, count, root };
  const transaction = {
    chain: chainId("hospital-nord"),
    kind: BATCH_KIND,
    nonce: 1_790_000_000_000_000,
    expires: 1_790_000_000,
    body: encodeBatchBody(header),
  };
  const signed = signTransaction(native, transaction, [signer], leaves);
  const leaf = leaves[place] ?? new Uint8Array();
  const common = { leaf, index: place, size: count, path: path(hashes, place) };
  const authorship = {
    head: signed.bytes.subarray(0, -32),
    place,
    path: common.path,
    keyId: signer.keyId,
    suite: signer.suite,
    publicKey: signer.publicKey,
    signature: signed.signatures[0]?.signature ?? new Uint8Array(),
  };
  return { proof: { ...common, authorship: withAuthor ? authorship : null }, root };
}

describe("proof file", () => {
  it("travels unchanged and leads to the root, with and without authorship", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.boolean(), (count, n, withAuthor) => {
        const { proof, root } = proofOf(count, n % count, withAuthor);
        const read = decodeProofFile(encodeProofFile(proof));
        expect(read).toEqual(proof);
        const checked = checkProof(native, read);
        expect(equal(checked.root, root)).toBe(true);
        expect(checked.author?.transaction.kind).toBe(withAuthor ? BATCH_KIND : undefined);
      }),
      { numRuns: 30 },
    );
  });

  it("has exactly the size that it must have", () => {
    const { proof } = proofOf(4096, 77);
    const bare = encodeProofFile({ ...proof, authorship: null });
    expect(bare.length - 32 * 12 - proof.leaf.length).toBeLessThan(100);
    expect(encodeProofFile(proof).length - bare.length).toBeLessThan(600);
  });

  it("never accepts a changed byte: another root, or a refusal", () => {
    const { proof, root } = proofOf(21, 13);
    const bytes = encodeProofFile(proof);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      try {
        const read = decodeProofFile(damaged);
        const checked = checkProof(native, read);
        const sameClaim = equal(checked.root, root) && read.size === proof.size;
        expect(sameClaim, `byte ${at} has no effect`).toBe(false);
      } catch (error) {
        expect([
          "core/bad-encoding",
          "ledger/malformed",
          "ledger/bad-proof",
          "ledger/bad-signature",
          "crypto/unknown-suite",
          "crypto/bad-key",
        ]).toContain(codeOf(error));
      }
    }
  });

  it("refuses a file cut off at any byte", () => {
    const bytes = encodeProofFile(proofOf(5, 2).proof);
    for (let n = 0; n < bytes.length; n++) {
      expect(() => decodeProofFile(bytes.subarray(0, n))).toThrow(
        expect.objectContaining({ code: "core/bad-encoding" }),
      );
    }
  });

  it("agrees with the path that the library computes", () => {
    const { proof, root } = proofOf(33, 32);
    const leaf = leafHashes(native, [proof.leaf]);
    expect(rootFromInclusion(native, hashAt(leaf, 0), proof.index, proof.size, proof.path)).toEqual(root);
  });
});
