import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contract, contractOf, MODULES, type Module } from "@anamnesis/contracts";
import { native } from "@anamnesis/crypto/native";
import { createLedger, type FollowedLog, openEmbedded, openReader } from "@anamnesis/embedded";
import { type Contract, checkEvidence } from "@anamnesis/ledger";
import { Fixture, TestClock, testContract } from "@anamnesis/ledger/conformance";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Monitor, openMonitor, replaying } from "../src/index.ts";

/** Commands that only the rules of this log's orderer know. */
const secret: Module = {
  name: "test",
  commands: { "test.put": { check: testContract.check, handle: testContract.handle } },
};
const rogue: Contract = contractOf([...MODULES, secret]);

describe("executing what a watched log adds", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "anamnesis-replay-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it("finds nothing in a log that keeps the rules, and convicts one that does not, once and over restarts", async () => {
    const fixture = new Fixture(native);
    const { genesis, logSeed } = fixture;
    const options = { dir: join(dir, "ledger"), genesis, primitives: native, contract: rogue, logSigner: logSeed };
    await createLedger(options);
    const engine = await openEmbedded({ ...options, clock: new TestClock() });
    const reader = await openReader({ dir: options.dir, primitives: native, genesis });
    const log: FollowedLog = {
      checkpoint: () => reader.checkpoint(),
      tile: (path) => reader.tile(path),
      notes: (sequence) => Promise.resolve(reader.notes(sequence, 256)),
    };
    const { signal } = new AbortController();
    const watch = async () => {
      const folder = await openMonitor(join(dir, "monitor"), genesis, () => Promise.resolve(undefined));
      const replay = replaying({ folder, log, signal });
      const monitor = new Monitor({
        genesis,
        memory: folder.memory,
        log: { name: "log", note: async () => (await log.checkpoint()).note, tile: (path) => log.tile(path) },
        peers: [],
        replay: () => replay.once(),
        writeFork: (fork) => folder.writeFork(fork),
        now: () => 0,
        patienceMs: 0,
      });
      const rounds = [await monitor.round(), await monitor.round()];
      replay.close();
      folder.close();
      return rounds;
    };
    try {
      for (const round of await watch()) expect(round).toMatchObject({ standing: [], troubles: [] });
      await engine.submit(fixture.command("test.put", "a"));
      const [found, again] = await watch();
      expect(found?.raised).toMatchObject([{ kind: "bad-block", face: "log" }]);
      expect(again).toMatchObject({ raised: [], standing: [{ kind: "bad-block" }] });
      const file = new Uint8Array(readFileSync(found?.raised[0]?.evidence ?? ""));
      expect(checkEvidence(native, contract, file).finding.kind).toBe("bad-block");
      const [later] = await watch();
      expect(later).toMatchObject({ raised: [], standing: [{ kind: "bad-block" }] });
    } finally {
      await reader.close();
      await engine.close();
    }
  });
});
