import { AnamnesisError, utf8 } from "@anamnesis/core";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { MemoryWitnessStore, TestClock, TestLog } from "../conformance/index.ts";
import {
  type AskWitness,
  bestWitnessed,
  cosigner,
  handleAddCheckpoint,
  NOTE_LIMITS,
  openWitnessed,
  parseNote,
  parseVerifierKey,
  relate,
  verifyConsistency,
  WitnessClient,
  withSignatures,
} from "../src/index.ts";
import { codeThrown, p } from "./support.ts";

const key = cosigner(p, "witness", new Uint8Array(32).fill(5));
const verifier = parseVerifierKey(p, key.verifierKey);

describe("the log's side of a witness", () => {
  let log: TestLog;
  let asked: number;
  let ask: AskWitness;
  let client: WitnessClient;
  beforeEach(() => {
    log = new TestLog(p).grow(400);
    asked = 0;
    const store = new MemoryWitnessStore();
    const deps = { primitives: p, clock: new TestClock(), cosigner: key, store, logKeys: () => [log.verifier] };
    ask = (body) => {
      asked++;
      return handleAddCheckpoint(deps, utf8(body));
    };
    client = new WitnessClient(p, { verifier, ask });
  });
  const offer = (from: TestLog, size: number) => ({
    note: from.note(size),
    consistency: (older: number, newer: number) => Promise.resolve(from.proof(older, newer)),
  });

  it("gets cosignatures, asking once each time", async () => {
    for (const size of [3, 256, 256, 400]) {
      const got = await client.cosign(offer(log, size));
      expect(got.kind).toBe("cosigned");
      if (got.kind !== "cosigned") return;
      const note = withSignatures(log.note(size), [got.signature]);
      expect(openWitnessed(p, note, log.verifier, [verifier]).by).toEqual([{ name: "witness", time: got.time }]);
    }
    expect(asked).toBe(4);
  });

  it("learns from the witness which size it cosigned last", async () => {
    await client.cosign(offer(log, 300));
    const restarted = new WitnessClient(p, { verifier, ask });
    expect((await restarted.cosign(offer(log, 400))).kind).toBe("cosigned");
    expect(asked).toBe(3);
  });

  it("tells a log that is older than what was cosigned, and one that contradicts it", async () => {
    await client.cosign(offer(log, 300));
    const again = () => new WitnessClient(p, { verifier, ask });
    expect(await again().cosign(offer(log, 200))).toEqual({ kind: "ahead", size: 300 });
    expect(await client.cosign(offer(log, 200))).toEqual({ kind: "ahead", size: 300 });
    const other = log.forkAt(290).grow(300, "other");
    expect(await again().cosign(offer(other, 300))).toEqual({ kind: "contradicted", size: 300 });
    expect(await again().cosign(offer(other, 400))).toEqual({ kind: "contradicted", size: 300 });
  });

  it.each([
    [404, "nothing\n", { kind: "refused", status: 404 }],
    [409, "many\n", { kind: "refused", status: 409 }],
    [409, "", { kind: "refused", status: 409 }],
    [200, "", { kind: "refused", status: 200 }],
    [200, "<html>", { kind: "refused", status: 200 }],
    [200, `— witness ${"A".repeat(104)}\n`, { kind: "refused", status: 200 }],
    [500, "", { kind: "refused", status: 500 }],
  ])("takes status %d with body %j for what it is", async (status, body, expected) => {
    const other = new WitnessClient(p, { verifier, ask: () => Promise.resolve({ status, body }) });
    expect(await other.cosign(offer(log, 3))).toEqual(expected);
  });

  it("gives up on a witness whose size never stays", async () => {
    let size = 0;
    const moving = new WitnessClient(p, { verifier, ask: () => Promise.resolve({ status: 409, body: `${++size}\n` }) });
    expect(await moving.cosign(offer(log, 300))).toEqual({ kind: "refused", status: 409 });
  });

  it("tells one that cannot be reached", async () => {
    const gone: AskWitness = () => Promise.reject(new AnamnesisError("gateway/unreachable", "no"));
    const other = new WitnessClient(p, { verifier, ask: gone });
    expect(await other.cosign(offer(log, 3))).toEqual({ kind: "unreachable", code: "gateway/unreachable" });
  });
});

describe("demanding cosignatures", () => {
  const log = new TestLog(p).grow(9);
  const { text } = parseNote(log.note());
  const absent = parseVerifierKey(p, cosigner(p, "absent", new Uint8Array(32).fill(6)).verifierKey);

  it("tells who did and who did not", () => {
    const note = withSignatures(log.note(), [key.cosign(text, 50), key.cosign(text, 60)]);
    const opened = openWitnessed(p, note, log.verifier, [verifier, absent]);
    expect(opened).toMatchObject({ by: [{ name: "witness", time: 60 }], missing: ["absent"] });
    expect(opened.checkpoint.size).toBe(9);
    expect(openWitnessed(p, log.note(), log.verifier, [verifier]).by).toEqual([]);
  });

  it("believes no wrong cosignature, and no note that the log did not sign", () => {
    const wrong = withSignatures(log.note(), [key.cosign(`${text}x\n`, 50)]);
    expect(codeThrown(() => openWitnessed(p, wrong, log.verifier, [verifier]))).toBe("ledger/bad-checkpoint");
    const alone = `${text}\n${withSignatures(log.note(), [key.cosign(text, 50)])
      .split("\n")
      .at(-2)}\n`;
    expect(codeThrown(() => openWitnessed(p, alone, log.verifier, [verifier]))).toBe("ledger/bad-checkpoint");
  });

  it("counts those that are young enough, and takes the largest checkpoint that has as many as demanded", () => {
    const older = withSignatures(log.note(5), [key.cosign(parseNote(log.note(5)).text, 100)]);
    const newer = withSignatures(log.note(), [key.cosign(text, 99)]);
    const best = (least: number, notBefore?: number) =>
      bestWitnessed(p, ["no note", older, newer, log.note(7)], log.verifier, {
        witnesses: [verifier],
        least,
        ...(notBefore === undefined ? {} : { notBefore }),
      });
    expect(best(1)).toMatchObject({ met: true, found: { checkpoint: { size: 9 } } });
    expect(best(1, 100)).toMatchObject({ met: true, found: { checkpoint: { size: 5 } } });
    expect(best(1, 101)).toMatchObject({ met: false });
    expect(best(2)).toMatchObject({ met: false, found: { checkpoint: { size: 9 } } });
    expect(bestWitnessed(p, [], log.verifier, { witnesses: [verifier], least: 1 })).toEqual({ met: false });
  });

  it("puts a newer cosignature in the place of the older one, and stays a note", () => {
    const first = withSignatures(log.note(), [key.cosign(text, 50)]);
    expect(parseNote(withSignatures(first, [key.cosign(text, 60)])).signatures.length).toBe(2);
    const many = Array.from({ length: 80 }, (_, i) => cosigner(p, `w${i}`, new Uint8Array(32).fill(i)).cosign(text, i));
    expect(parseNote(withSignatures(log.note(), many)).signatures.length).toBe(NOTE_LIMITS.signatures);
  });
});

describe("two checkpoints of one log", () => {
  const sizes = fc.integer({ min: 0, max: 700 });

  it("are the same, a continuation, or a fork that proves itself", async () => {
    await fc.assert(
      fc.asyncProperty(sizes, sizes, sizes, async (common, more, at) => {
        const log = new TestLog(p).grow(common).grow(more, "a");
        const other = log.forkAt(common).grow(more, "b");
        const older = Math.min(at, common + more);
        const newer = { size: other.size, root: other.root() };
        const seen = { size: older, root: log.root(older) };
        const found = await relate(p, seen, newer, other.tile);
        if (older <= common) expect(found.kind).toBe(older === newer.size ? "same" : "continues");
        else expect(found.kind).toBe("forked");
        if (found.kind === "forked" && older < newer.size) {
          const { prefix } = found;
          expect(prefix?.root).toEqual(other.root(older));
          const real = { size: older, root: prefix?.root ?? new Uint8Array(32) };
          expect(verifyConsistency(p, real, newer, prefix?.proof ?? [])).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("are not judged by tiles of another log, nor without tiles", async () => {
    const log = new TestLog(p).grow(300);
    const other = log.forkAt(10).grow(290, "other");
    const of = (l: TestLog, size: number) => ({ size, root: l.root(size) });
    await expect(relate(p, of(log, 20), of(log, 300), other.tile)).rejects.toMatchObject({
      code: "ledger/damaged-tile",
    });
    const none = () => Promise.resolve(undefined);
    await expect(relate(p, of(log, 20), of(log, 300), none)).rejects.toMatchObject({ code: "ledger/damaged-tile" });
    const short = async (path: string) => (await log.tile(path))?.subarray(1);
    await expect(relate(p, of(log, 20), of(log, 300), short)).rejects.toMatchObject({ code: "ledger/damaged-tile" });
  });

  it("are judged by full tiles where the partial ones are gone", async () => {
    const log = new TestLog(p).grow(600);
    const fullOnly = (path: string) => (path.includes(".p/") && path.includes("/0/000") ? none() : log.tile(path));
    const none = () => Promise.resolve(undefined);
    const found = await relate(p, { size: 10, root: log.root(10) }, { size: 100, root: log.root(100) }, fullOnly);
    expect(found.kind).toBe("continues");
  });
});
