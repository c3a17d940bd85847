import type { Finding, VerifyReport } from "@anamnesis/capture";
import type { Planted } from "@anamnesis/sandbox";
import { describe, expect, it } from "vitest";
import { match } from "../src/demo/match.ts";

const finding = (key: string, kind: Finding["kind"]): Finding => ({ table: "public.t", key, kind, lastEvent: null });
const planted = (key: string, kind: Planted["kind"]): Planted => ({ table: "public.t", key, kind, what: "cell" });

const report = (over: Partial<VerifyReport>): VerifyReport => ({
  ...{ rows: 9, altered: [], missing: [], unexplained: [], erased: [], unvouched: [], notCovered: [], unattributed: 0 },
  accepted: { rows: [], total: 0 },
  mode: "cache",
  totals: { altered: 0, missing: 0, unexplained: 0, erased: 0, unvouched: 0 },
  ...{ position: "0/0", checkpoint: { origin: "o", size: 1, root: "" }, seconds: 0 },
  ...over,
});

describe("planted against found", () => {
  it("counts each one by table, key and kind", () => {
    const result = match(
      [planted("1", "altered"), planted("2", "missing")],
      report({ altered: [finding("1", "altered")] }),
    );
    expect(result).toMatchObject({ planted: 2, found: 1, falseAlarms: 0 });
    expect(result.kinds).toEqual({ altered: { planted: 1, found: 1 }, missing: { planted: 1, found: 0 } });
  });

  it("takes another kind on the same row for a false alarm", () => {
    const result = match([planted("1", "altered")], report({ missing: [finding("1", "missing")] }));
    expect(result).toMatchObject({ found: 0, falseAlarms: 1 });
  });

  it("needs one finding for each of two equal rows", () => {
    const twice = [planted("a\tb", "missing"), planted("a\tb", "missing")];
    expect(match(twice, report({ missing: [finding("a\tb", "missing")] }))).toMatchObject({ found: 1, falseAlarms: 0 });
  });

  it("does not hold erased rows against anybody, and unvouched ones it does", () => {
    const result = match([], report({ erased: [finding("1", "erased")], unvouched: [finding("2", "unvouched")] }));
    expect(result.falseAlarms).toBe(1);
  });
});
