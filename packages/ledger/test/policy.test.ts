import { codeOf } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { DEFAULT_POLICY, type Policy, parsePolicy, passes, policyTuple } from "../src/index.ts";

const HOUR_MS = 3_600_000;
const parsed = (change: Partial<Policy>): unknown => {
  try {
    const policy = { ...DEFAULT_POLICY, ...change };
    expect(parsePolicy(policyTuple(policy))).toEqual(policy);
    return "read";
  } catch (error) {
    return codeOf(error);
  }
};
const { quota } = DEFAULT_POLICY;

describe("a policy", () => {
  it.each<[string, Partial<Policy>, Partial<Policy>]>([
    ["shares of a half and more", { members: [1, 2] }, { members: [49, 100] }],
    ["shares of less than all", { rules: [999, 1000] }, { rules: [1000, 1000] }],
    ["small denominators", { members: [500, 1000] }, { members: [501, 1001] }],
    ["a proposal that stands an hour", { proposalMs: HOUR_MS }, { proposalMs: HOUR_MS - 1 }],
    ["or a year at most", { proposalMs: 366 * 24 * HOUR_MS }, { proposalMs: 366 * 24 * HOUR_MS + 1 }],
    ["a bucket for one full batch", { quota: { ...quota, burst: 4096 } }, { quota: { ...quota, burst: 4095 } }],
    ["that is bounded", { quota: { ...quota, burst: 1e12 } }, { quota: { ...quota, burst: 1e12 + 1 } }],
    ["and refills", { quota: { ...quota, perSecond: 1 } }, { quota: { ...quota, perSecond: 0 } }],
  ])("has %s, and nothing beyond", (_what, within, beyond) => {
    expect([parsed(within), parsed(beyond)]).toEqual(["read", "core/bad-encoding"]);
  });

  it("is passed by more than its share", () => {
    expect([passes([1, 2], 2, 4), passes([1, 2], 3, 4), passes([2, 3], 4, 6), passes([2, 3], 5, 6)]).toEqual([
      ...[false, true],
      ...[false, true],
    ]);
  });
});
