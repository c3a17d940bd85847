/** A proof that needs nothing but the founding document; what the log's owner or a minority adds to it changes nothing. */
import { toHex } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { founded } from "../conformance/founding.ts";
import {
  checkProofSeal,
  chooseTrust,
  decodeProofFile,
  encodeProofFile,
  genesisHash,
  inclusionPath,
  memberKeyPath,
  type ProofFile,
  type ProofSeal,
  type SealedState,
} from "../src/index.ts";
import { chain, FOUNDERS, fixture, founding, genesis, setOf, World } from "./consortium.ts";
import { codeThrown, naiveReader, p } from "./support.ts";
import { NOTHING } from "./trial.ts";

/** A log with two changes of its members, and a proof of one leaf of its beginning. */
function sealedLog() {
  const world = new World();
  world.put("patient");
  const index = world.size - 2;
  const states: SealedState[] = [];
  for (const [epoch, names] of [
    ["nord", "ost", "sued"],
    ["nord", "ost", "sued", "am-see"],
  ].entries()) {
    world.members(setOf(epoch + 1, names));
    states.push(world.sealed(FOUNDERS));
  }
  world.put("later");
  states.push(world.sealed(["nord", "ost", "sued", "am-see"]));
  return { world, index, states };
}

const { world, index, states } = sealedLog();
const trust = chooseTrust(p, chain, founding, states);
const authorship = {
  head: new Uint8Array(40),
  place: 0,
  path: [],
  keyId: fixture.member.keyId,
  suite: fixture.member.suite,
  publicKey: fixture.member.publicKey,
  signature: new Uint8Array(64),
};
const seal: ProofSeal = {
  genesis: genesisHash(p, genesis),
  links: trust.links,
  target: trust.target,
  key: world.proved(memberKeyPath(toHex(fixture.member.keyId))),
};
const proof: ProofFile = {
  leaf: world.leaves[index] ?? NOTHING,
  index,
  size: world.size,
  path: inclusionPath(p, naiveReader(world.leaves), index, world.size),
  authorship,
  seal,
};
const code = (change: Partial<ProofFile>, of: Partial<ProofSeal> = {}) =>
  codeThrown(() => checkProofSeal(p, genesis, { ...proof, ...change }, { ...seal, ...of }));

describe("a sealed proof", () => {
  it("is decided with genesis alone", () => {
    const checked = checkProofSeal(p, genesis, proof, seal);
    expect(checked).toMatchObject({ set: { epoch: 2 }, cosigned: 4, of: 4, author: "nord" });
    expect(checked.checkpoint.size).toBe(world.size);
  });

  it("reads back as it was written, and without a seal it is version 1 as before", () => {
    const bytes = encodeProofFile(proof);
    expect(encodeProofFile(decodeProofFile(bytes))).toEqual(bytes);
    const { seal: _, ...plain } = proof;
    expect(encodeProofFile(plain)[1]).toBe(1);
    expect(decodeProofFile(encodeProofFile(plain)).seal).toBeUndefined();
    for (let at = 0; at < bytes.length; at += 7) {
      expect(codeThrown(() => decodeProofFile(bytes.subarray(0, at)))).toMatch(/^(?:core|ledger)\//);
    }
  });

  it("is refused under another founding document", () => {
    const other = founded(p, { chain, organisations: ["fremd", "liar"], logKey: genesis.logKey });
    expect(codeThrown(() => checkProofSeal(p, other, proof, seal))).toBe("ledger/wrong-chain");
    const forged = { ...seal, genesis: genesisHash(p, other) };
    expect(codeThrown(() => checkProofSeal(p, other, { ...proof, seal: forged }, forged))).toBe("ledger/not-sealed");
  });

  it("is refused for another leaf, place or key, for a cut chain, and for a checkpoint that its members did not seal", () => {
    expect(code({ leaf: NOTHING })).toBe("ledger/bad-proof");
    expect(code({ index: index + 1 })).toBe("ledger/bad-proof");
    for (const size of [world.size - 1, world.size + 1]) expect(code({ size })).toBe("ledger/bad-proof");
    expect(code({ authorship: { ...authorship, publicKey: new Uint8Array(32) } })).toBe("ledger/bad-proof");
    expect(code({ authorship: { ...authorship, keyId: new Uint8Array(16) } })).toBe("ledger/bad-proof");
    expect(code({}, { links: [] })).toBe("ledger/broken-chain");
    expect(code({}, { target: states[0] ?? trust.target })).toMatch(/^ledger\//);
    const minority = { ...trust.target, note: world.note(["nord", "ost"]) };
    expect(code({}, { target: minority })).toBe("ledger/not-sealed");
  });
});

describe("choosing a chain", () => {
  it("takes the fewest links, and the newest checkpoint that its own members sealed", () => {
    expect(trust.links).toHaveLength(1);
    expect(trust.target).toBe(states.at(-1));
    const short = chooseTrust(p, chain, founding, states.slice(0, 1));
    expect([short.links.length, short.set.epoch]).toEqual([1, 1]);
  });

  it("goes step by step where members change faster than two thirds stay", () => {
    const quick = new World();
    const steps = [
      ["nord", "ost", "a", "b"],
      ["a", "b", "c", "d"],
    ];
    const seen: SealedState[] = [];
    let before = FOUNDERS;
    for (const [i, next] of steps.entries()) {
      quick.members(setOf(i + 1, next));
      seen.push(quick.sealed(before));
      before = next;
    }
    seen.push(quick.sealed(before));
    const long = chooseTrust(p, chain, founding, seen);
    expect([long.links.length, long.set.epoch]).toEqual([2, 2]);
    expect(codeThrown(() => chooseTrust(p, chain, founding, seen.slice(1)))).toBe("ledger/not-sealed");
  });

  it("is not led astray by notes of a minority or of another log", () => {
    const liar = new World();
    liar.members(setOf(3, ["west", "fremd"]));
    const lies = [liar.sealed(["west", "sued"]), liar.sealed(["west", "fremd"])];
    const chosen = chooseTrust(p, chain, founding, [...lies, ...states]);
    expect(chosen.set.epoch).toBe(2);
    expect(codeThrown(() => chooseTrust(p, chain, founding, lies))).toBe("ledger/not-sealed");
  });
});
