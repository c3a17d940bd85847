import { cpSync } from "node:fs";
import { join } from "node:path";
import { native } from "@anamnesis/crypto/native";
import type { LogReader } from "@anamnesis/ledger";
import { testContract } from "@anamnesis/ledger/conformance/contract";
import { Fixture, TestClock } from "@anamnesis/ledger/conformance/fixture";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { catchUp, type FollowedLog, LogRefused, openEmbedded, openReader } from "../src/index.ts";
import { followed, Pair } from "./replica-support.ts";
import { temporaryFolder } from "./support.ts";

describe("catching up with a log", () => {
  let fixture: Fixture;
  let folder: ReturnType<typeof temporaryFolder>;
  let pair: Pair;
  beforeEach(async () => {
    folder = temporaryFolder();
    fixture = new Fixture(native);
    const { genesis, logSeed } = fixture;
    pair = await Pair.open({ dir: folder.dir, genesis, contract: testContract, logSeed, clock: new TestClock() });
  });
  afterEach(async () => {
    await pair.close();
    folder.remove();
  });

  const emit = (events: number) => pair.ordering.submit(fixture.command("test.emit", "a", { events }));
  const follow = (log: FollowedLog, onProgress = (_size: number, _total: number): void => undefined) =>
    catchUp(pair.replica, log, { primitives: native, signal: AbortSignal.timeout(60_000), onProgress });

  /** What another life of the same ledger, from the copy on, gives out. */
  async function otherLife(dir: string, commands: number): Promise<{ log: FollowedLog; close(): Promise<void> }> {
    const { genesis, logSeed } = fixture;
    const options = { dir, genesis, primitives: native, contract: testContract, clock: new TestClock() };
    const engine = await openEmbedded({ ...options, logSigner: logSeed });
    for (let i = 0; i < commands; i++) await engine.submit(fixture.command("test.put", "b"));
    const reader = await openReader(options);
    return {
      log: followed(reader),
      async close() {
        await reader.close();
        await engine.close();
      },
    };
  }
  const copied = (name: string): string => {
    const dir = join(folder.dir, name);
    cpSync(join(folder.dir, "orderer"), dir, { recursive: true });
    return dir;
  };
  const refusal = (log: FollowedLog) =>
    follow(log).then(
      () => undefined,
      (error: unknown) => error,
    );
  const stand = async (log: Pick<LogReader, "checkpoint">) => (await log.checkpoint()).note;

  it("resumes where it was cut off, with progress", async () => {
    for (let i = 0; i < 30; i++) await emit(400);
    const log = followed(pair.log);
    const seen: number[] = [];
    let left = 20;
    const breaking: FollowedLog = {
      ...log,
      tile: (path) => (left-- > 0 ? log.tile(path) : Promise.reject(new Error("the line is cut"))),
    };
    for (let tries = 0; tries < 20 && pair.replica.newest.sequence < 30; tries++) {
      left = 40;
      await follow(breaking, (size) => seen.push(size)).catch(() => undefined);
    }
    await follow(log, (size, total) => seen.push(size <= total ? size : -1));
    expect(await stand(pair.replica.reader)).toBe(await stand(pair.ordering));
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(new Set(seen).size).toBeGreaterThan(2);
  });

  it("takes the same log from two callers at once without a word against it", async () => {
    for (let i = 0; i < 5; i++) await emit(10);
    const log = followed(pair.log);
    const sizes = await Promise.all([follow(log), follow(log), follow(log)]);
    expect(new Set([...sizes, pair.replica.newest.size]).size).toBe(1);
  });

  it("leaves a log that is merely behind alone", async () => {
    const old = copied("old");
    await emit(5);
    await pair.catchUp();
    const before = await stand(pair.replica.reader);
    const behind = await otherLife(old, 0);
    expect(await follow(behind.log)).toBe(2);
    expect(await stand(pair.replica.reader)).toBe(before);
    await behind.close();
  });

  it.each([
    ["shorter", 1],
    ["as long", 2],
    ["longer", 5],
  ])("refuses a rewritten log that is %s, and keeps its own", async (_, commands) => {
    const old = copied("old");
    await emit(0);
    await emit(0);
    await pair.catchUp();
    const before = await stand(pair.replica.reader);
    const rewritten = await otherLife(old, commands);
    const error = await refusal(rewritten.log);
    expect(error).toBeInstanceOf(LogRefused);
    expect(error).toMatchObject({ code: "ledger/bad-block", objection: { kind: "fork", note: before } });
    expect(await stand(pair.replica.reader)).toBe(before);
    await rewritten.close();
    await emit(3);
    await pair.catchUp();
    expect(await stand(pair.replica.reader)).toBe(await stand(pair.ordering));
  });

  it("fetches as many pages of signed checkpoints as the log makes of them", async () => {
    for (let i = 0; i < 5; i++) await emit(0);
    const asked: number[] = [];
    const paged: FollowedLog = {
      ...followed(pair.log),
      async notes(sequence) {
        asked.push(sequence);
        return pair.log.notes(sequence, 2);
      },
    };
    await follow(paged);
    expect(asked).toEqual([1, 3, 5]);
    expect(await stand(pair.replica.reader)).toBe(await stand(pair.ordering));
  });

  it("takes nothing of tiles that do not fit the checkpoint", async () => {
    await emit(300);
    const log = followed(pair.log);
    const garbled: FollowedLog = {
      ...log,
      tile: async (path) => {
        const data = await log.tile(path);
        return path.startsWith("tile/entries") ? data?.map((byte, i) => (i === 700 ? byte ^ 1 : byte)) : data;
      },
    };
    expect(await refusal(garbled)).toMatchObject({ code: "ledger/damaged-tile" });
    expect(await refusal({ ...log, notes: async () => [] })).toMatchObject({ code: "ledger/bad-checkpoint" });
    expect(pair.replica.newest.sequence).toBe(0);
  });
});
