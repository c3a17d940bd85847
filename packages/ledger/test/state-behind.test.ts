import { codeOf } from "@anamnesis/core";
import { describe, expect, it, vi } from "vitest";
import {
  blockLeaf,
  decodeLeaf,
  type LogReader,
  type StateBehind,
  statesBehind,
  verifyStateProof,
} from "../src/index.ts";
import { contract, genesis, World } from "./consortium.ts";
import { p } from "./support.ts";

describe("states of the past", () => {
  const world = new World();
  const sizes = [1, 2, 3].map((value) => {
    world.put("a", Uint8Array.of(value));
    return world.size;
  });
  const path = vi.fn<LogReader["inclusion"]>();
  path.mockResolvedValue([]);

  /** What is asked of a reader here; it gives out any leaves. */
  const readerOf = (leaves: readonly Uint8Array[]) =>
    ({
      genesis,
      inclusion: path,
      async *leaves(from: number, to: number) {
        for (const [i, leaf] of leaves.slice(from, to).entries()) yield { index: from + i, leaf };
      },
    }) as Partial<LogReader> as LogReader;

  async function behind(leaves: readonly Uint8Array[], asked: readonly number[]): Promise<StateBehind[]> {
    const found: StateBehind[] = [];
    for await (const each of statesBehind(p, contract, readerOf(leaves), new Set(asked), ["test/a", "test/none"])) {
      found.push(each);
    }
    return found;
  }

  it("are proved as of the block that ends there, its leaf included in that tree", async () => {
    const found = await behind(world.leaves, sizes.slice(0, 2));
    expect(found.map(({ size }) => size)).toEqual(sizes.slice(0, 2));
    expect(path.mock.calls).toEqual(sizes.slice(0, 2).map((size) => [size - 1, size]));
    for (const [i, { proved }] of found.entries()) {
      for (const [key, value] of [["test/a", Uint8Array.of(i + 1)] as const, ["test/none", undefined] as const]) {
        const state = proved.get(key);
        const leaf = decodeLeaf(state?.blockLeaf ?? new Uint8Array(0));
        expect(state?.value).toEqual(value);
        expect(
          state !== undefined &&
            leaf.type === "block" &&
            verifyStateProof(p, leaf.stateRoot, key, state.value, state.proof),
        ).toBe(true);
      }
    }
  });

  it("are given out of no log that breaks the rules", async () => {
    const [, second = 0, third = 0] = sizes;
    const lie = [...world.leaves];
    lie[second - 1] = blockLeaf(2, genesis.time + 2000, new Uint8Array(32).fill(1));
    expect(await behind(lie, [third]).then(() => "no error", codeOf)).toBe("ledger/bad-block");
  });
});
