import { decode, encode } from "@anamnesis/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cosignedBy, decodeMemberSet, encodeMemberSet, formatNote, isSealed, sealQuorum } from "../src/index.ts";
import { chain, cosign, FOUNDERS, founding, setOf, signLog, World } from "./consortium.ts";
import { codeThrown, p } from "./support.ts";

describe("the set of members that seals", () => {
  it("takes more than two thirds, and any two quorums share more than a third", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (n) => {
        const quorum = sealQuorum(n);
        expect(3 * quorum).toBeGreaterThan(2 * n);
        expect(3 * (quorum - 1)).toBeLessThanOrEqual(2 * n);
        expect(3 * (2 * quorum - n)).toBeGreaterThan(n);
        expect(quorum).toBeLessThanOrEqual(n);
      }),
    );
  });

  it("reads back as it was written", () => {
    expect(decodeMemberSet(encodeMemberSet(founding))).toEqual(founding);
    expect(decodeMemberSet(encodeMemberSet(setOf(7, [])))).toEqual(setOf(7, []));
  });

  it("is refused when its members do not rise, when one comes twice, and when it is cut anywhere", () => {
    const [a, b] = founding.members;
    const twice = encode([0, founding.logKey, [a, a].map((m) => [m?.id ?? "", m?.cosigner ?? null])]);
    const falling = encode([0, founding.logKey, [b, a].map((m) => [m?.id ?? "", m?.cosigner ?? null])]);
    for (const bytes of [twice, falling]) expect(codeThrown(() => decodeMemberSet(bytes))).toBe("ledger/malformed");
    const bytes = encodeMemberSet(founding);
    for (let at = 0; at < bytes.length; at++) {
      expect(codeThrown(() => decodeMemberSet(bytes.subarray(0, at)))).toMatch(/^(?:core|ledger)\//);
    }
    expect(codeThrown(() => decodeMemberSet(encode([0, new Uint8Array(31), []])))).toBe("core/bad-encoding");
    expect(decode(bytes)).toHaveLength(3);
  });
});

describe("cosignatures on a checkpoint", () => {
  const text = new World().text();

  it("count once per member, the newest time; strangers and wrong ones count for nothing", () => {
    const wrong = cosign("sued", "another text\n", 9);
    const note = formatNote(text, [
      signLog(text),
      cosign("ost", text, 5),
      cosign("ost", text, 8),
      cosign("ost", text, 6),
      wrong,
      cosign("fremd", text, 7),
      cosign("nord", text, 1),
    ]);
    expect(cosignedBy(p, chain, founding, note)).toEqual([
      { id: "nord", time: 1 },
      { id: "ost", time: 8 },
    ]);
    expect(isSealed(p, chain, founding, note)).toBe(false);
  });

  it("seal with more than two thirds and not with one fewer", () => {
    const sealedBy = (count: number) => {
      const lines = FOUNDERS.slice(0, count).map((name) => cosign(name, text, 5));
      return isSealed(p, chain, founding, formatNote(text, [signLog(text), ...lines]));
    };
    expect([2, 3, 4].map(sealedBy)).toEqual([false, true, true]);
  });
});
