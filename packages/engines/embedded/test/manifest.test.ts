import { describe, expect, it } from "vitest";
import { manifestFromJson, manifestToJson } from "../src/index.ts";

describe("a snapshot's manifest", () => {
  const valid = { format: "anamnesis/snapshot/v1", chain: "c", genesis: "a".repeat(64), size: 1, pruned: 0 };
  const rest = { checkpoint: "n", sealed: null, store: { bytes: 3, sha256: "b".repeat(64) } };
  const read = (value: unknown) => manifestFromJson(new TextEncoder().encode(JSON.stringify(value)));

  it("is read as it was written", () => {
    const manifest = read({ ...valid, ...rest });
    expect(manifestFromJson(new TextEncoder().encode(manifestToJson(manifest)))).toEqual(manifest);
  });

  it.each<[string, unknown]>([
    ["nothing", null],
    ["a list", []],
    ["another format", { ...valid, ...rest, format: "anamnesis/snapshot/v2" }],
    ["no chain", { ...valid, ...rest, chain: "" }],
    ["a short hash", { ...valid, ...rest, genesis: "ab" }],
    ["a negative size", { ...valid, ...rest, size: -1 }],
    ["a size that is none", { ...valid, ...rest, size: "7" }],
    ["no checkpoint", { ...valid, ...rest, checkpoint: undefined }],
    ["no word about seals", { ...valid, ...rest, sealed: undefined }],
    ["no store", { ...valid, ...rest, store: null }],
    ["an odd hash", { ...valid, ...rest, store: { bytes: 1, sha256: "B".repeat(64) } }],
  ])("is refused with %s", (_what, value) => {
    expect(() => read(value)).toThrow(expect.objectContaining({ code: "ledger/bad-snapshot" }));
  });

  it("is refused when it is not JSON, not text, or without end", () => {
    for (const bytes of [Uint8Array.of(0xff), new TextEncoder().encode("{"), new Uint8Array(300_000).fill(32)]) {
      expect(() => manifestFromJson(bytes)).toThrow(expect.objectContaining({ code: "ledger/bad-snapshot" }));
    }
  });
});
