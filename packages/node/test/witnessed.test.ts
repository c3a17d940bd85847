import { native } from "@anamnesis/crypto/native";
import { cosigner, parseNote, parseVerifierKey, withSignatures } from "@anamnesis/ledger";
import { TestLog } from "@anamnesis/ledger/conformance";
import { describe, expect, it } from "vitest";
import { checkWitnessed } from "../src/index.ts";

const keys = ["a", "b"].map((name, i) => cosigner(native, name, new Uint8Array(32).fill(i + 1)));
const witnesses = keys.map((k) => parseVerifierKey(native, k.verifierKey));

describe("demanding cosignatures of a log", () => {
  const log = new TestLog(native).grow(300);
  const report = { size: 300, root: log.root() };
  const cosigned = (from: TestLog, size: number, ...times: (number | undefined)[]) => {
    const note = from.note(size);
    const signed = times.flatMap((time, i) => {
      const line = time === undefined ? undefined : keys[i]?.cosign(parseNote(note).text, time);
      return line === undefined ? [] : [line];
    });
    return withSignatures(note, signed);
  };
  const check = (notes: readonly string[], demand: { least?: number; notBefore?: number } = {}, of = report) =>
    checkWitnessed(of, { notes, log: log.verifier, demand: { witnesses, least: 2, ...demand }, tile: log.tile });
  const codes = async (...args: Parameters<typeof check>) => (await check(...args)).problems.map((p) => p.code);

  it("is met by an older tree that the log continues", async () => {
    const found = await check([log.note(), cosigned(log, 100, 50, 60)]);
    expect(found).toMatchObject({ size: 100, missing: [], least: 2, problems: [] });
    expect(found.by).toEqual([
      { name: "a", time: 50 },
      { name: "b", time: 60 },
    ]);
    expect(await codes([cosigned(log, 300, 50, 60)])).toEqual([]);
  });

  it("takes the largest tree that enough of them cosigned", async () => {
    const notes = [cosigned(log, 100, 50, 60), cosigned(log, 200, 70), cosigned(log, 150, 50, 60)];
    expect((await check(notes)).size).toBe(150);
    expect(await check(notes, { least: 1 })).toMatchObject({ size: 200, missing: ["b"], problems: [] });
  });

  it("is not met by too few, too old or no cosignatures", async () => {
    const few = await check([cosigned(log, 200, 70)]);
    expect(few.problems).toEqual([
      {
        code: "ledger/unwitnessed",
        message: "1 of the 2 witnesses demanded have cosigned",
        where: "witnessed checkpoint",
      },
    ]);
    const old = await check([cosigned(log, 200, 70, 40)], { notBefore: 60 });
    expect(old.problems[0]?.message).toContain("1 of the 2 witnesses demanded have cosigned, 1 more too long ago");
    expect(await check([])).toMatchObject({ size: null, by: [], missing: ["a", "b"] });
    expect(await codes([])).toEqual(["ledger/unwitnessed"]);
    expect(await codes(["nonsense", log.note()])).toEqual(["ledger/unwitnessed"]);
  });

  it("is broken by a log that is older than, or another than, what was cosigned", async () => {
    const smaller = { size: 100, root: log.root(100) };
    expect(await codes([cosigned(log, 200, 1, 2)], {}, smaller)).toEqual(["ledger/rolled-back"]);
    const other = log.forkAt(50).grow(250, "other");
    expect(await codes([cosigned(other, 200, 1, 2)])).toEqual(["ledger/rolled-back"]);
    expect(await codes([cosigned(other, 300, 1, 2)])).toEqual(["ledger/rolled-back"]);
    const failing = { notes: [cosigned(log, 200, 1, 2)], log: log.verifier, demand: { witnesses, least: 2 } };
    const tile = () => Promise.resolve(undefined);
    expect((await checkWitnessed(report, { ...failing, tile })).problems[0]?.code).toBe("ledger/rolled-back");
  });
});
