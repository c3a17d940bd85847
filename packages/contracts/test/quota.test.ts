import { BATCH_KIND, encodeBatchBody, quotaPath, readBucket, refilled, START } from "@anamnesis/contracts";
import { sourceId } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { encodeEvent, leafHashes, type Quota, treeHash } from "@anamnesis/ledger";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TestChain } from "./chain.ts";

const QUOTA: Quota = { burst: 5000, perSecond: 10 };

/** The `n`-th batch of `count` events of a source. */
function batch(n: number, count: number) {
  const leaves = Array.from({ length: count }, (_, i) =>
    encodeEvent({
      ...{
        kind: "create",
        source: "ehr",
        table: new Uint8Array(8),
        row: new Uint8Array(16),
        schema: new Uint8Array(8),
      },
      ...{
        commitment: new Uint8Array(32),
        lsn: BigInt(n + 1),
        ordinal: i + 1,
        xid: 1n,
        time: 1,
        actor: null,
        purpose: null,
      },
    }),
  );
  const body = encodeBatchBody({
    ...{ source: sourceId("ehr"), incarnation: new Uint8Array(8), count },
    from: n === 0 ? START : { lsn: BigInt(n), ordinal: 9999 },
    to: { lsn: BigInt(n + 1), ordinal: 9999 },
    root: treeHash(native, leafHashes(native, leaves)),
  });
  return [BATCH_KIND, body, leaves] as const;
}

describe("the quota of events", () => {
  it("stops a flood, says when to come back, and takes the same batch then", () => {
    const chain = new TestChain(["a", "b"], { quota: QUOTA });
    expect(chain.run("a", ...batch(0, 4000))).toBe("accepted");
    const [result] = chain.block(chain.sign("a", ...batch(1, 2000))).results;
    expect(result).toMatchObject({ accepted: false, refusal: { code: "events/over-quota" } });
    expect(result?.accepted === false && result.refusal.message).toContain("in 100 s");
    chain.time += 99_999;
    expect(chain.run("a", ...batch(1, 2000))).toBe("events/over-quota");
    chain.time += 1;
    expect(chain.run("a", ...batch(1, 2000))).toBe("accepted");
  });

  it("is each organisation's own", () => {
    const chain = new TestChain(["a", "b"], { quota: QUOTA });
    expect(chain.run("a", ...batch(0, 4096))).toBe("accepted");
    expect(chain.run("a", ...batch(1, 4096))).toBe("events/over-quota");
    expect(chain.run("b", ...batch(0, 4096))).toBe("accepted");
  });

  it("is not touched by what is refused", () => {
    const chain = new TestChain(["a"], { quota: QUOTA });
    chain.run("a", ...batch(0, 1000));
    const before = chain.state.get(quotaPath("a"));
    expect(chain.run("a", ...batch(3, 1000))).toBe("events/undeclared-gap");
    expect(chain.run("a", ...batch(0, 1000))).toBe("events/stale-position");
    expect(chain.state.get(quotaPath("a"))).toEqual(before);
  });

  it("lets an hour of capture at 250,000 events a second through as it is founded", () => {
    const { quota } = new TestChain(["a"]).genesis.policy;
    expect(quota.burst).toBeGreaterThanOrEqual(250_000 * 3600);
  });

  it("property: never holds more than its burst, never runs backwards, and loses nothing by being looked at", () => {
    const numbers = fc.record({
      burst: fc.integer({ min: 4096, max: 1_000_000_000_000 }),
      perSecond: fc.integer({ min: 1, max: 1_000_000_000_000 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      first: fc.integer({ min: 0, max: 4_000_000_000_000 }),
      second: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    });
    fc.assert(
      fc.property(numbers, ({ burst, perSecond, share, first, second }) => {
        const quota = { burst, perSecond };
        const start = { left: Math.floor(burst * 1000 * share), asOf: 1000 };
        const once = refilled(start, quota, 1000 + first + second);
        const twice = refilled(refilled(start, quota, 1000 + first), quota, 1000 + first + second);
        expect(once).toEqual(twice);
        expect(Number.isSafeInteger(once.left)).toBe(true);
        expect(once.left).toBeGreaterThanOrEqual(start.left);
        expect(once.left).toBeLessThanOrEqual(burst * 1000);
        expect(refilled(once, quota, 0)).toEqual(once);
      }),
    );
    expect(readBucket({ get: () => undefined }, "a", QUOTA, 7)).toEqual({ left: 5_000_000, asOf: 7 });
  });
});
