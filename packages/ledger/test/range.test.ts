import { describe, expect, it } from "vitest";
import { type Contract, executeBlock } from "../src/index.ts";
import { chain, contract, fixture, World } from "./consortium.ts";
import { p } from "./support.ts";

/** What a contract is given for a range of the state. */
function ranged(list: ReadonlyMap<string, Uint8Array>, from: number, count: number): readonly Uint8Array[] {
  let seen: readonly Uint8Array[] = [];
  const asking: Contract = {
    ...contract,
    handle(context) {
      seen = context.range("list", from, count);
      return null;
    },
  };
  const state = new Map([...new World().state, ...list]);
  const transactions = [fixture.command("test.put", "a")];
  executeBlock(
    { primitives: p, contract: asking, chain, state },
    { sequence: 1, time: 1_700_000_001_000, transactions },
  );
  return seen;
}

describe("a range of the state", () => {
  const state = new Map(Array.from({ length: 5 }, (_, i) => [`list/${i}`, Uint8Array.of(i)]));
  const numbers = (from: number, count: number) => ranged(state, from, count).map((value) => value[0]);

  it("holds as many values as were asked for, and none beyond the first gap", () => {
    expect(numbers(0, 2)).toEqual([0, 1]);
    expect(numbers(1, 3)).toEqual([1, 2, 3]);
    expect(numbers(3, 9)).toEqual([3, 4]);
    expect(numbers(0, 0)).toEqual([]);
    expect(numbers(5, 1)).toEqual([]);
    state.delete("list/1");
    expect(numbers(0, 5)).toEqual([0]);
  });
});
