import { encode } from "@anamnesis/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkSealed,
  decodeChain,
  encodeChain,
  encodeMemberSet,
  followChain,
  MEMBER_SET,
  type MemberSet,
  type SealedState,
  sealQuorum,
} from "../src/index.ts";
import { chain, FOUNDERS, founding, memberOf, setOf, World } from "./consortium.ts";
import { codeThrown, p } from "./support.ts";

const names = (set: MemberSet): string[] => set.members.map((m) => m.id);

/** A log whose members change as named, each change sealed by the set before it. */
function history(sets: readonly (readonly string[])[]) {
  const world = new World();
  const links: SealedState[] = [];
  let before = FOUNDERS;
  sets.forEach((next, i) => {
    world.put("life");
    world.members(setOf(i + 1, next));
    links.push(world.sealed(before));
    before = [...next];
  });
  return { world, links, last: before };
}

const TEN = [
  ["nord", "ost", "sued", "west", "am-see"],
  ["nord", "ost", "sued", "am-see"],
  ["nord", "ost", "sued", "am-see", "im-tal"],
  ["nord", "ost", "am-see", "im-tal"],
  ["nord", "ost", "am-see", "im-tal", "auf-dem-berg"],
  ["ost", "am-see", "im-tal", "auf-dem-berg"],
  ["ost", "am-see", "im-tal", "auf-dem-berg", "zehn"],
  ["am-see", "im-tal", "auf-dem-berg", "zehn"],
  ["am-see", "auf-dem-berg", "im-tal", "nord", "zehn"],
  ["auf-dem-berg", "im-tal", "nord", "zehn"],
];
const ten = history(TEN);
const code = (links: readonly SealedState[], from = founding) => codeThrown(() => followChain(p, chain, from, links));

describe("the trust chain", () => {
  it("leads through ten changes to a set that shares one member with the founders", () => {
    const set = followChain(p, chain, founding, ten.links);
    expect([set.epoch, names(set)]).toEqual([10, TEN[9]]);
    expect(followChain(p, chain, founding, [])).toBe(founding);
    const target = ten.world.sealed(ten.last);
    expect(checkSealed(p, chain, set, target)).toMatchObject({ cosigned: 4, of: 4, set: { epoch: 10 } });
  });

  it("may skip sets as long as those trusted sealed where it leads", () => {
    const world = new World();
    world.members(setOf(1, ["nord", "ost", "sued"]));
    world.members(setOf(2, ["nord", "ost", "sued", "am-see"]));
    const set = followChain(p, chain, founding, [world.sealed(["nord", "ost", "sued"])]);
    expect([set.epoch, names(set)]).toEqual([2, ["am-see", "nord", "ost", "sued"]]);
  });

  it("reads back as it was written, and is refused cut anywhere or of another version", () => {
    const bytes = encodeChain(ten.links);
    expect(encodeChain(decodeChain(bytes))).toEqual(bytes);
    expect(followChain(p, chain, founding, decodeChain(bytes)).epoch).toBe(10);
    for (let at = 0; at < bytes.length; at += 37) {
      expect(codeThrown(() => decodeChain(bytes.subarray(0, at)))).toMatch(/^(?:core|ledger)\//);
    }
    expect(codeThrown(() => decodeChain(encode([2, []])))).toBe("ledger/malformed");
  });

  it("follows the log's key when the members replace it", () => {
    const world = new World();
    const logKey = memberOf("new-log-key").cosigner;
    world.members(setOf(1, FOUNDERS, logKey));
    expect(followChain(p, chain, founding, [world.sealed(FOUNDERS)]).logKey).toEqual(logKey);
  });
});

describe("a trust chain is refused", () => {
  it("under the quorum: a minority that pushes its own set convinces nobody", () => {
    const world = new World();
    world.members(setOf(1, ["west", "fremd", "fremd-2"]));
    expect(code([world.sealed(["west", "sued"])])).toBe("ledger/not-sealed");
    expect(code([world.sealed(["west", "fremd", "fremd-2"])])).toBe("ledger/not-sealed");
  });

  it("when a member that left helps: only the set before the change counts", () => {
    const fork = new World();
    fork.members(setOf(1, ["nord", "ost", "sued"]));
    const first = fork.sealed(FOUNDERS);
    fork.members(setOf(2, ["west", "fremd"]));
    expect(code([first, fork.sealed(["west", "fremd", "nord"])])).toBe("ledger/not-sealed");
    expect(code([first, fork.sealed(["nord", "ost", "sued"])])).toBe("no error");
  });

  it("with a link left out, repeated, exchanged or from the past", () => {
    const { links } = ten;
    const [first, second, third] = links as [SealedState, SealedState, SealedState];
    expect(code([first, first])).toBe("ledger/broken-chain");
    expect(code([first, third, second, ...links.slice(3)])).toMatch(/^ledger\/(?:broken-chain|not-sealed)$/);
    expect(code(links.slice(4))).toBe("ledger/not-sealed");
    expect(code([...links, first])).toMatch(/^ledger\/(?:broken-chain|not-sealed)$/);
    expect(code([new World().sealed(FOUNDERS)])).toBe("ledger/broken-chain");
  });

  it("when the set is not the one in the state, whoever cosigned", () => {
    const world = new World();
    world.members(setOf(1, ["nord", "ost", "sued"]));
    const { note, members } = world.sealed(FOUNDERS);
    const value = encodeMemberSet(setOf(1, ["nord", "ost", "west"]));
    expect(code([{ note, members: { ...members, value } }])).toBe("ledger/bad-proof");
    const gone = world.proved("nowhere");
    expect(code([{ note, members: { ...members, value: undefined } }])).toBe("ledger/bad-proof");
    expect(code([{ note, members: gone }])).toBe("ledger/bad-proof");
    world.put("later");
    expect(code([{ note: world.note(FOUNDERS), members }])).toBe("ledger/bad-proof");
  });

  it("when the checkpoint is of a later epoch than the chain ends in", () => {
    const world = new World();
    world.members(setOf(1, ["nord", "ost", "sued"]));
    const target = world.sealed(FOUNDERS);
    expect(codeThrown(() => checkSealed(p, chain, founding, target))).toBe("ledger/broken-chain");
  });

  it("when another log of the same epoch has another set, or a later epoch stands in a smaller log", () => {
    const one = new World();
    for (const value of ["a", "b", "c"]) one.put(value);
    one.members(setOf(1, ["nord", "ost", "sued"]));
    const link = one.sealed(FOUNDERS);
    const other = new World();
    other.members(setOf(1, ["nord", "ost", "sued", "fremd"]));
    const trusted = followChain(p, chain, founding, [link]);
    const target = other.sealed(["nord", "ost", "sued"]);
    expect(codeThrown(() => checkSealed(p, chain, trusted, target))).toBe("ledger/broken-chain");
    other.members(setOf(2, ["nord", "ost", "fremd"]));
    expect(other.size).toBeLessThan(one.size);
    expect(code([link, other.sealed(["nord", "ost", "sued"])])).toBe("ledger/broken-chain");
  });

  it("with any byte of it flipped, or it proves the very same", () => {
    const { links } = history(TEN.slice(0, 2));
    const bytes = encodeChain(links);
    for (let at = 0; at < bytes.length; at += 11) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 4;
      const outcome = codeThrown(() => {
        // A flip in the log's own signature or one spare cosignature leaves what is proved as it is.
        expect(followChain(p, chain, founding, decodeChain(flipped))).toEqual(setOf(2, TEN[1] ?? []));
      });
      expect(outcome).toMatch(/^(?:no error|(?:core|ledger)\/.*)$/);
    }
  });
});

it("no set of cosigners below the quorum makes a link, any quorum does", () => {
  fc.assert(
    fc.property(fc.subarray([...FOUNDERS, "fremd"]), (cosigners) => {
      const world = new World();
      world.members(setOf(1, ["fremd", "west"]));
      const honest = cosigners.filter((name) => name !== "fremd").length;
      expect(code([world.sealed(cosigners)])).toBe(honest >= sealQuorum(4) ? "no error" : "ledger/not-sealed");
      expect(world.state.has(MEMBER_SET)).toBe(true);
    }),
    { numRuns: 40 },
  );
});
