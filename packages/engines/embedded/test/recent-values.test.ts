import { describe, expect, it } from "vitest";
import { RecentValues } from "../src/recent-values.ts";

describe("recent values", () => {
  it("know what was set last, and that a key has no value", () => {
    const recent = new RecentValues();
    recent.set("a", Uint8Array.of(1));
    recent.set("a", Uint8Array.of(2));
    recent.set("b", undefined);
    expect(recent.get("a")).toEqual({ value: Uint8Array.of(2) });
    expect(recent.get("b")).toEqual({ value: undefined });
    expect(recent.get("c")).toBeUndefined();
  });

  it("never give an older value than the last one, however many pass in between", () => {
    const recent = new RecentValues();
    recent.set("a", Uint8Array.of(1));
    for (let i = 0; i < 10_000; i++) recent.set(`first ${i}`, new Uint8Array(300));
    recent.set("a", Uint8Array.of(2));
    const seen = new Set<number | undefined>();
    for (let i = 0; i < 40_000; i++) {
      recent.set(`then ${i}`, new Uint8Array(300));
      const known = recent.get("a");
      if (known !== undefined) seen.add(known.value?.[0]);
    }
    expect([...seen]).toEqual([2]);
  });

  it("keep what is asked for again and again, and forget the rest", () => {
    const recent = new RecentValues();
    recent.set("hot", Uint8Array.of(1));
    recent.set("cold", Uint8Array.of(1));
    for (let i = 0; i < 30_000; i++) {
      recent.set(`each ${i}`, new Uint8Array(1_000));
      expect(recent.get("hot")).toBeDefined();
    }
    expect(recent.get("cold")).toBeUndefined();
  });
});
