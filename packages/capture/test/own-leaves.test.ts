import { orgId, sourceId, toHex } from "@anamnesis/core";
import { blockLeaf, commandLeaf, encodeEvent, encodeMemberKey, type LogReader, memberKeyPath } from "@anamnesis/ledger";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ownLeaves } from "../src/own-leaves.ts";

const KEYS = { nord: [1, 2], sued: [3] } as const;
const keyOf = (n: number): Uint8Array => new Uint8Array(16).fill(n);

/** Key 9 is nobody's. */
const state = new Map(
  Object.entries(KEYS).flatMap(([name, keys]) =>
    keys.map((n) => [memberKeyPath(toHex(keyOf(n))), encodeMemberKey("INTL-1", new Uint8Array(32), name, "retired")]),
  ),
);

interface Batch {
  readonly key: number;
  readonly events: number;
}

/** One block per batch; all of them name the same source. */
function leavesOf(batches: readonly Batch[]): { leaf: Uint8Array; key: number | undefined }[] {
  return batches.flatMap(({ key, events }, b) => [
    { leaf: commandLeaf(new Uint8Array([b]), [signature(key)]), key: undefined },
    ...Array.from({ length: events }, (_, i) => ({ leaf: eventOf(b, i), key })),
    { leaf: blockLeaf(b, b, new Uint8Array(32)), key: undefined },
  ]);
}

const signature = (key: number) => ({ keyId: keyOf(key), suite: "INTL-1", signature: new Uint8Array(64) });

const eventOf = (batch: number, i: number): Uint8Array =>
  encodeEvent({
    ...{ kind: "update", source: sourceId("ehr"), table: new Uint8Array(8), row: new Uint8Array(16).fill(i) },
    ...{ schema: new Uint8Array(8), commitment: new Uint8Array(32).fill(batch), lsn: BigInt(batch), ordinal: i + 1 },
    ...{ xid: 1n, time: 1, actor: null, purpose: null },
  });

function logOf(leaves: readonly { leaf: Uint8Array }[]): Pick<LogReader, "leaves" | "read"> {
  return {
    async *leaves(from, to) {
      for (let index = from; index < to; index++) yield { index, leaf: leaves[index]?.leaf ?? new Uint8Array(0) };
    },
    read: async (key) => ({ value: state.get(key) }) as Awaited<ReturnType<LogReader["read"]>>,
  };
}

describe("the events of one organisation", () => {
  it("property: are those in batches that a key of it signed, from wherever one begins", async () => {
    const batch = fc.record({ key: fc.constantFrom(1, 2, 3, 9), events: fc.nat(4) });
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 8 }), fc.nat(60), async (batches, start) => {
        const leaves = leavesOf(batches);
        const from = Math.min(start, leaves.length);
        const found: number[] = [];
        for await (const { index } of ownLeaves(logOf(leaves), orgId("nord"), from, leaves.length)) found.push(index);
        const own = leaves.flatMap(({ key }, i) => (i >= from && (key === 1 || key === 2) ? [i] : []));
        expect(found).toEqual(own);
      }),
    );
  });
});
