import { encode, fromHex, utf8 } from "@anamnesis/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeStateProof,
  EMPTY_STATE,
  encodeStateProof,
  proveState,
  type StateProof,
  stateProofFromCbor,
  updateState,
  verifyStateProof,
} from "../src/state-tree.ts";
import { NodeMap, naiveStateRoot } from "./state-support.ts";
import { codeThrown, hex, p, vectors } from "./support.ts";

interface Vectors {
  roots: { state: [string, string][]; root: string }[];
  proofs: { state: [string, string][]; key: string; value: string | null; proof: string }[];
}
const v = vectors<Vectors>("state-tree");
const bytesOf = (state: readonly (readonly [string, string])[]) => new Map(state.map(([k, x]) => [k, fromHex(x)]));

// Few keys, so that changes meet and deletes hit; values of one byte.
const key = fc.integer({ min: 0, max: 40 }).map((i) => `k${i}`);
const value = fc.integer({ min: 0, max: 255 }).map((b) => Uint8Array.of(b));
const state = fc.array(fc.tuple(key, value), { maxLength: 40 }).map((list) => new Map(list));
const changes = fc.array(fc.tuple(key, fc.option(value, { nil: undefined })), { maxLength: 20 }).map((l) => new Map(l));

function fresh(content: ReadonlyMap<string, Uint8Array | undefined>) {
  const store = new NodeMap();
  return { store, root: updateState(p, store, EMPTY_STATE, content) };
}

const sorted = (store: NodeMap) => [...store.nodes].sort(([a], [b]) => (a < b ? -1 : 1));

describe("vectors", () => {
  it("gives the frozen roots", () => {
    for (const { state: content, root } of v.roots) expect(hex(fresh(bytesOf(content)).root)).toBe(root);
  });

  it("gives and accepts the frozen proofs", () => {
    for (const { state: content, key: k, value: x, proof } of v.proofs) {
      const { store, root } = fresh(bytesOf(content));
      expect(hex(encodeStateProof(proveState(p, store, root, k)))).toBe(proof);
      const bytes = x === null ? undefined : fromHex(x);
      expect(verifyStateProof(p, root, k, bytes, decodeStateProof(fromHex(proof)))).toBe(true);
    }
  });
});

describe("updates", () => {
  it("give the root of the definition and no left-over node, after any batches", () => {
    fc.assert(
      fc.property(state, fc.array(changes, { maxLength: 6 }), (start, batches) => {
        const { store, root: first } = fresh(start);
        const model = new Map(start);
        let root = first;
        for (const batch of batches) {
          root = updateState(p, store, root, batch);
          for (const [k, x] of batch) {
            if (x === undefined) model.delete(k);
            else model.set(k, x);
          }
          expect(hex(root)).toBe(hex(naiveStateRoot(model)));
        }
        expect(sorted(store)).toEqual(sorted(fresh(model).store));
      }),
    );
  });

  it("do not depend on the order of changes or their division into batches", () => {
    fc.assert(
      fc.property(state, fc.nat(), (content, pick) => {
        const list = [...content];
        const at = pick % (list.length + 1);
        const turned = new Map([...list.slice(at), ...list.slice(0, at)].reverse());
        const store = new NodeMap();
        let root: Uint8Array = EMPTY_STATE;
        for (const [k, x] of turned) root = updateState(p, store, root, new Map([[k, x]]));
        expect(hex(root)).toBe(hex(fresh(content).root));
      }),
    );
  });

  it("insert and delete is the identity", () => {
    fc.assert(
      fc.property(state, changes, (content, batch) => {
        const { store, root } = fresh(content);
        const before = sorted(store);
        const added = new Map([...batch].filter(([k]) => !content.has(k)));
        const there = updateState(p, store, root, added);
        const back = updateState(p, store, there, new Map([...added.keys()].map((k) => [k, undefined])));
        expect(hex(back)).toBe(hex(root));
        expect(sorted(store)).toEqual(before);
      }),
    );
  });

  it("touch each node once and write nothing when nothing changes", () => {
    fc.assert(
      fc.property(state, changes, (content, batch) => {
        const { store, root } = fresh(content);
        store.reset();
        const now = updateState(p, store, root, batch);
        expect(new Set(store.writes).size).toBe(store.writes.length);
        store.reset();
        expect(hex(updateState(p, store, now, batch))).toBe(hex(now));
        expect(store.writes).toEqual([]);
      }),
    );
  });

  it("cost grows with log n", () => {
    const cost = [1_000, 32_000].map((n) => {
      const { store, root } = fresh(new Map(Array.from({ length: n }, (_, i) => [`key ${i}`, utf8(`${i}`)])));
      store.reset();
      let at = root;
      for (let i = 0; i < 100; i++) at = updateState(p, store, at, new Map([[`new ${i}`, utf8("x")]]));
      return (store.reads + store.writes.length) / 100;
    });
    const [small, large] = cost as [number, number];
    // 32 times the keys: 5 levels more, each read and written once.
    expect(large - small).toBeLessThan(14);
    expect(large).toBeLessThan(45);
  });
});

describe("proofs", () => {
  it("show presence and absence of every key", () => {
    fc.assert(
      fc.property(state, key, value, (content, k, x) => {
        const { store, root } = fresh(content);
        for (const asked of [k, ...content.keys(), "elsewhere"]) {
          const found = content.get(asked);
          const proof = proveState(p, store, root, asked);
          expect(verifyStateProof(p, root, asked, found, proof)).toBe(true);
          expect(decodeStateProof(encodeStateProof(proof))).toEqual(proof);
          if (found !== undefined) expect(verifyStateProof(p, root, asked, undefined, proof)).toBe(false);
          if (hex(found ?? new Uint8Array(0)) !== hex(x))
            expect(verifyStateProof(p, root, asked, x, proof)).toBe(false);
        }
      }),
    );
  });

  it("do not carry over to another key, value, root or state", () => {
    fc.assert(
      fc.property(state, key, value, fc.nat(), (content, k, x, bit) => {
        const { store, root } = fresh(new Map(content).set(k, x));
        const proof = proveState(p, store, root, k);
        const { root: without } = fresh(new Map([...content].filter(([other]) => other !== k)));
        expect(verifyStateProof(p, without, k, x, proof)).toBe(false);
        expect(verifyStateProof(p, root, `${k}'`, x, proof)).toBe(false);
        expect(verifyStateProof(p, root, `${k}'`, undefined, proof)).toBe(false);
        const at = bit % Math.max(1, proof.siblings.length);
        const changed = proof.siblings.map((s, i) => (i === at ? s.with(bit % 32, (s[bit % 32]! + 1) % 256) : s));
        if (changed.length > 0) expect(verifyStateProof(p, root, k, x, { ...proof, siblings: changed })).toBe(false);
        expect(verifyStateProof(p, root, k, x, { ...proof, siblings: [...proof.siblings, EMPTY_STATE] })).toBe(false);
      }),
    );
  });

  it("do not accept another key's leaf from elsewhere, nor the key's own leaf, as absence", () => {
    const content = new Map(Array.from({ length: 16 }, (_, i) => [`k${i}`, Uint8Array.of(i)]));
    const { store, root } = fresh(content);
    const own = proveState(p, store, root, "k1");
    const keyHash = p.sha256(utf8("k1"));
    const lie: StateProof = { ...own, other: { keyHash, valueHash: p.sha256(Uint8Array.of(1)) } };
    expect(verifyStateProof(p, root, "k1", undefined, lie)).toBe(false);
    // A leaf directly under the root's empty side would shadow everything if the shared way were not checked.
    const two = fresh(new Map([["k0", Uint8Array.of(0)]]));
    const forged: StateProof = { siblings: [EMPTY_STATE], other: { keyHash, valueHash: keyHash } };
    expect(verifyStateProof(p, two.root, "k0", undefined, forged)).toBe(false);
  });

  it("show no value where nothing stands, whatever other leaf is named beside it", () => {
    const { store, root } = fresh(new Map(Array.from({ length: 16 }, (_, i) => [`k${i}`, Uint8Array.of(i)])));
    const empty = Array.from({ length: 200 }, (_, i) => `none ${i}`).find((k) => {
      const { siblings, other } = proveState(p, store, root, k);
      return siblings.length > 0 && other === null;
    });
    expect(empty).toBeDefined();
    const asked = empty ?? "";
    const absent = proveState(p, store, root, asked);
    expect(verifyStateProof(p, root, asked, undefined, absent)).toBe(true);
    const hash = new Uint8Array(32).fill(7);
    for (const keyHash of [hash, p.sha256(utf8(asked)), hash.slice(1)]) {
      const forged: StateProof = { ...absent, other: { keyHash, valueHash: hash } };
      expect(verifyStateProof(p, root, asked, Uint8Array.of(1), forged)).toBe(false);
      expect(verifyStateProof(p, root, asked, undefined, forged)).toBe(false);
    }
  });

  it("stay small: 10,000 keys in under 20 siblings", () => {
    const { store, root } = fresh(new Map(Array.from({ length: 10_000 }, (_, i) => [`key ${i}`, utf8(`${i}`)])));
    const lengths = Array.from(
      { length: 50 },
      (_, i) => encodeStateProof(proveState(p, store, root, `key ${i}`)).length,
    );
    expect(Math.max(...lengths)).toBeLessThan(20 * 32 + 16);
  });
});

describe("malformed input", () => {
  const sibling = new Uint8Array(32).fill(1);
  it.each([
    ["not a list", 7],
    ["a short list", [0, new Uint8Array(0), new Uint8Array(0)]],
    ["a negative depth", [-1, new Uint8Array(0), new Uint8Array(0), null]],
    ["a depth beyond the hash", [256, new Uint8Array(32), new Uint8Array(0), null]],
    ["a bitmap of wrong length", [1, new Uint8Array(2), new Uint8Array(0), null]],
    ["bits behind the end", [1, Uint8Array.of(0xc0), new Uint8Array(64).fill(1), null]],
    ["a bit right behind the end", [1, Uint8Array.of(0xc0), sibling, null]],
    ["a missing sibling", [2, Uint8Array.of(0xc0), sibling, null]],
    ["a cut sibling", [1, Uint8Array.of(0x80), sibling.slice(1), null]],
    ["a sibling too many", [1, Uint8Array.of(0), sibling, null]],
    ["an empty sibling written out", [1, Uint8Array.of(0x80), new Uint8Array(32), null]],
    ["another leaf of wrong length", [0, new Uint8Array(0), new Uint8Array(0), new Uint8Array(63)]],
    ["another leaf of wrong type", [0, new Uint8Array(0), new Uint8Array(0), "x"]],
  ])("refuses %s", (_, cbor) => {
    expect(codeThrown(() => decodeStateProof(encode(cbor)))).toBe("core/bad-encoding");
    expect(codeThrown(() => stateProofFromCbor(cbor))).toBe("core/bad-encoding");
  });

  it("refuses cut-off bytes at every length", () => {
    const { store, root } = fresh(new Map([...Array(9).keys()].map((i) => [`k${i}`, Uint8Array.of(i)])));
    const bytes = encodeStateProof(proveState(p, store, root, "k1"));
    for (let n = 0; n < bytes.length; n++) {
      expect(codeThrown(() => decodeStateProof(bytes.slice(0, n)))).toBe("core/bad-encoding");
    }
  });

  it("answers proofs of odd shape with false", () => {
    const { root } = fresh(new Map([["k", Uint8Array.of(1)]]));
    const x = Uint8Array.of(1);
    expect(verifyStateProof(p, root, "k", x, { siblings: [], other: null })).toBe(true);
    expect(verifyStateProof(p, root, "k", x, { siblings: Array(256).fill(EMPTY_STATE), other: null })).toBe(false);
    expect(verifyStateProof(p, root, "k", x, { siblings: [new Uint8Array(31)], other: null })).toBe(false);
    const other = { keyHash: new Uint8Array(31), valueHash: new Uint8Array(32) };
    expect(verifyStateProof(p, root, "k", undefined, { siblings: [], other })).toBe(false);
    expect(verifyStateProof(p, root, "k", x, { siblings: [], other: { ...other, keyHash: sibling } })).toBe(false);
  });

  it("names a damaged store, in every node and for every kind of damage", () => {
    const content = new Map([...Array(12).keys()].map((i) => [`k${i}`, Uint8Array.of(i)]));
    const read = (store: NodeMap, root: Uint8Array) => {
      for (const k of content.keys()) proveState(p, store, root, k);
    };
    const { store, root } = fresh(content);
    for (const [path, node] of [...store.nodes]) {
      for (const bad of [undefined, node.with(40, node[40]! ^ 1), node.with(0, 1 - node[0]!), node.slice(1)]) {
        if (bad === undefined) store.nodes.delete(path);
        else store.nodes.set(path, bad);
        expect(codeThrown(() => read(store, root))).toBe("ledger/damaged-store");
        const all = new Map([...content.keys()].map((k) => [k, Uint8Array.of(99)]));
        const copy = new NodeMap();
        for (const [a, b] of store.nodes) copy.nodes.set(a, b);
        expect(codeThrown(() => updateState(p, copy, root, all))).toBe("ledger/damaged-store");
        store.nodes.set(path, node);
      }
    }
    expect(codeThrown(() => read(store, root))).toBe("no error");
  });
});
