import { concat, utf8 } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { stateKeyHash, stateNodeHash } from "../src/state-node.ts";
import {
  decodeStateProof,
  EMPTY_STATE,
  encodeStateProof,
  type StateProof,
  verifyStateProof,
} from "../src/state-tree.ts";
import { p } from "./support.ts";

const bit = (hash: Uint8Array, depth: number): number => ((hash[depth >> 3] ?? 0) >> (7 - (depth & 7))) & 1;
const keys = Array.from({ length: 64 }, (_, i) => `key/${i}`);
const [left = "", right = ""] = [0, 1].map((side) => keys.find((key) => bit(stateKeyHash(p, key), 0) === side) ?? "");

describe("a proof of absence", () => {
  const leaf = (key: string) =>
    ({ kind: "leaf", keyHash: stateKeyHash(p, key), valueHash: p.sha256(utf8("value")) }) as const;
  const rootWith = (there: ReturnType<typeof leaf>) =>
    stateNodeHash(p, { kind: "inner", left: stateNodeHash(p, there), right: EMPTY_STATE });
  const proofBy = ({ keyHash, valueHash }: ReturnType<typeof leaf>): StateProof => ({
    siblings: [EMPTY_STATE],
    other: { keyHash, valueHash },
  });

  it("shows the leaf that stands on the key's own way", () => {
    const near = leaf(keys.find((key) => key !== left && bit(stateKeyHash(p, key), 0) === 0) ?? "");
    expect(verifyStateProof(p, rootWith(near), left, undefined, proofBy(near))).toBe(true);
    expect(verifyStateProof(p, rootWith(near), left, utf8("value"), proofBy(near))).toBe(false);
  });

  it("shows nothing by a leaf that does not belong there, though whoever made the tree put it there", () => {
    const astray = leaf(right);
    expect(verifyStateProof(p, rootWith(astray), left, undefined, proofBy(astray))).toBe(false);
  });

  it("shows nothing by the leaf of the key itself", () => {
    const itself = leaf(left);
    expect(verifyStateProof(p, rootWith(itself), left, undefined, proofBy(itself))).toBe(false);
  });
});

describe("the form of a proof", () => {
  const filled = (depth: number, every: number): StateProof => ({
    siblings: Array.from({ length: depth }, (_, i) => (i % every === 0 ? new Uint8Array(32).fill(i + 1) : EMPTY_STATE)),
    other: null,
  });

  it.each([1, 7, 8, 9, 16, 17, 40, 250])("keeps all siblings of a way of %i levels", (depth) => {
    for (const every of [1, 2, 3, 5]) {
      const proof = filled(depth, every);
      expect(decodeStateProof(encodeStateProof(proof))).toEqual(proof);
    }
  });

  it("has one bitmap only: no bits behind the last sibling, and as many siblings as it says", () => {
    const bytes = encodeStateProof(filled(7, 1));
    const at = bytes.indexOf(0xfe);
    const more = bytes.slice();
    more[at] = 0xff;
    const fewer = bytes.slice();
    fewer[at] = 0xfc;
    expect(() => decodeStateProof(more)).toThrow("bits behind the last sibling");
    expect(() => decodeStateProof(fewer)).toThrow("another number of siblings");
    expect(() => decodeStateProof(concat(bytes, new Uint8Array(1)))).toThrow();
  });
});
