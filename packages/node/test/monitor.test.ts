import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contract } from "@anamnesis/contracts";
import { AnamnesisError, chainId } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { checkEvidence, cosigner, type Demand, parseNote, parseVerifierKey, withSignatures } from "@anamnesis/ledger";
import { Fixture, TestLog } from "@anamnesis/ledger/conformance";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Face, Monitor, type MonitorFolder, openMonitor, type Round } from "../src/index.ts";

const { genesis, logSeed } = new Fixture(native);
const ORIGIN = "anamnesis/conformance";
const MINUTE = 60_000;

/** A log that can be told to show another one. */
class Liar implements Face {
  readonly name: string;
  log: TestLog;
  size: number | undefined;
  hidesTiles = false;
  gone = false;

  constructor(name: string, log: TestLog) {
    this.name = name;
    this.log = log;
  }

  note(): Promise<string> {
    if (this.gone) return Promise.reject(new AnamnesisError("gateway/unreachable", "gone"));
    return Promise.resolve(this.log.note(this.size ?? this.log.size));
  }

  readonly tile = (path: string): Promise<Uint8Array | undefined> =>
    this.hidesTiles || this.gone ? Promise.resolve(undefined) : this.log.tile(path);
}

describe("watching a log", () => {
  let dir: string;
  let folder: MonitorFolder;
  let log: TestLog;
  let main: Liar;
  let peer: Liar;
  let now: number;
  let monitor: Monitor;
  let demand: Demand | undefined;
  let witnessed: string | undefined;

  const open = async () => {
    folder = await openMonitor(dir, genesis, () => Promise.resolve(undefined));
    monitor = new Monitor({
      genesis,
      memory: folder.memory,
      log: main,
      peers: [peer],
      writeFork: (fork) => folder.writeFork(fork),
      now: () => now,
      patienceMs: MINUTE,
      ...(demand === undefined ? {} : { demand: () => demand as Demand }),
      witnessed: () => Promise.resolve(witnessed),
    });
  };
  const restart = () => {
    folder.close();
    return open();
  };
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "anamnesis-monitor-"));
    log = new TestLog(native, ORIGIN, logSeed).grow(300);
    main = new Liar("log", log);
    peer = new Liar("peer", log);
    now = 1_000_000;
    demand = undefined;
    witnessed = undefined;
    await open();
  });
  afterEach(() => {
    folder.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const kinds = (round: Round) => round.standing.map((a) => `${a.kind} ${a.face}`);
  /** A past of the same log that goes on otherwise behind `size`. */
  const past = (size: number, to: number) => log.forkAt(size).grow(to - size, "other");

  function convicts(round: Round): void {
    const [alarm] = round.raised;
    expect(alarm?.kind).toBe("fork");
    const file = readFileSync(alarm?.evidence ?? "");
    expect(checkEvidence(native, contract, new Uint8Array(file)).finding.kind).toBe("fork");
  }

  it("has nothing to say about a log that only grows, over restarts", async () => {
    for (let i = 0; i < 6; i++) {
      expect(await monitor.round()).toMatchObject({ standing: [], raised: [], troubles: [], waiting: false });
      log.grow(i * 130);
      if (i % 2 === 0) await restart();
    }
    expect(folder.memory.newest()?.size).toBe(log.size - 5 * 130);
  });

  it("finds the other face that a peer was shown: same size, larger, smaller", async () => {
    for (const size of [300, 450, 299]) {
      rmSync(dir, { recursive: true, force: true });
      await restart();
      peer.log = past(290, size);
      const round = await monitor.round();
      expect(kinds(round)).toEqual(["fork peer"]);
      convicts(round);
    }
  });

  it("finds a log that was rewritten between two looks, also after a restart, and says so once", async () => {
    await monitor.round();
    await restart();
    main.log = past(100, 400);
    peer.log = main.log;
    const round = await monitor.round();
    convicts(round);
    expect(kinds(round)).toEqual(["fork log", "fork peer"]);
    main.log.grow(20, "other");
    expect(await monitor.round()).toMatchObject({ raised: [] });
    await restart();
    const later = await monitor.round();
    expect([later.raised, kinds(later)]).toEqual([[], ["fork log", "fork peer"]]);
    main.log = log.grow(200);
    peer.log = log;
    expect(kinds(await monitor.round())).toEqual(["fork log", "fork peer"]);
  });

  it("finds a log that went back, and the fork as soon as it shows one", async () => {
    await monitor.round();
    log.grow(200);
    await monitor.round();
    main.log = past(250, 350);
    peer.gone = true;
    const back = await monitor.round();
    expect(kinds(back).sort()).toEqual(["fork log", "older log"]);
    convicts({ ...back, raised: back.raised.filter((a) => a.kind === "fork") });
    main.log = log;
    expect(kinds(await monitor.round())).toEqual(["fork log"]);
  });

  it("tells an older copy from a rewritten one", async () => {
    await monitor.round();
    main.size = 200;
    const back = await monitor.round();
    expect(kinds(back)).toEqual(["older log"]);
    expect(back.raised[0]).toMatchObject({ size: 200, against: 300, evidence: null });
    expect((await monitor.round()).raised).toEqual([]);
    main.size = undefined;
    expect(kinds(await monitor.round())).toEqual([]);
    main.size = 150;
    expect((await monitor.round()).raised.length).toBe(1);
  });

  it("waits a while for a log that lags behind what a peer was shown, then raises an alarm", async () => {
    main.size = 100;
    expect(await monitor.round()).toMatchObject({ standing: [], waiting: true });
    now += MINUTE - 1;
    expect(kinds(await monitor.round())).toEqual([]);
    now += 1;
    const frozen = await monitor.round();
    expect(kinds(frozen)).toEqual(["behind log"]);
    expect(frozen.raised[0]).toMatchObject({ size: 100, against: 300 });
    main.size = undefined;
    expect(await monitor.round()).toMatchObject({ standing: [], waiting: false });
  });

  it("does not take a checkpoint's word for it: tiles must prove that it continues", async () => {
    await monitor.round();
    main.log = past(100, 400);
    main.hidesTiles = true;
    peer.gone = true;
    expect(await monitor.round()).toMatchObject({ standing: [], waiting: true });
    now += MINUTE;
    expect(kinds(await monitor.round())).toEqual(["unproven log"]);
    expect(folder.memory.newest()?.size).toBe(300);
    main.hidesTiles = false;
    convicts(await monitor.round());
  });

  it("decides for a peer without tiles, such as a witness, with those of the log", async () => {
    peer.hidesTiles = true;
    peer.size = 123;
    await monitor.round();
    log.grow(100);
    peer.size = 321;
    expect(await monitor.round()).toMatchObject({ standing: [], waiting: false });
    peer.log = past(200, 380);
    peer.size = 380;
    convicts(await monitor.round());
  });

  it("names what the log's key did not sign, and who cannot be asked", async () => {
    peer.log = new TestLog(native, ORIGIN, new Uint8Array(32).fill(9)).grow(5);
    expect(kinds(await monitor.round())).toEqual(["foreign peer"]);
    main.gone = true;
    peer.log = log;
    const round = await monitor.round();
    expect(round).toMatchObject({ standing: [], troubles: [{ face: "log", code: "gateway/unreachable" }] });
    expect(round.shown).toBeUndefined();
  });

  it("demands cosignatures, and holds the log to what witnesses were shown", async () => {
    const key = cosigner(native, "w", new Uint8Array(32).fill(1));
    demand = { witnesses: [parseVerifierKey(native, key.verifierKey)], least: 1 };
    const cosigned = (from: TestLog, size: number) =>
      withSignatures(from.note(size), [key.cosign(parseNote(from.note(size)).text, 5)]);
    await restart();
    expect(kinds(await monitor.round())).toEqual(["unwitnessed log"]);
    witnessed = cosigned(log, 200);
    expect(kinds(await monitor.round())).toEqual([]);
    witnessed = cosigned(past(200, 260), 260);
    convicts(await monitor.round());
  });

  it("stays with the founding document it began with", async () => {
    folder.close();
    const other = { ...genesis, chain: chainId("other") };
    const asked = () => Promise.resolve(other);
    const wrong = openMonitor(dir, other, asked);
    await expect(wrong).rejects.toMatchObject({ code: "ledger/wrong-chain" });
    folder = await openMonitor(dir, undefined, asked);
    expect([folder.genesis.chain, folder.firstUse]).toEqual(["conformance", false]);
    folder.close();
    const none = openMonitor(join(dir, "none"), undefined, () => Promise.resolve(undefined));
    await expect(none).rejects.toMatchObject({ code: "ledger/no-ledger" });
    expect(existsSync(join(dir, "none"))).toBe(false);
    const unsigned = openMonitor(join(dir, "none"), { ...genesis, signatures: [] }, asked);
    await expect(unsigned).rejects.toMatchObject({ code: "ledger/bad-genesis" });
    expect(existsSync(join(dir, "none"))).toBe(false);
    const fresh = await openMonitor(join(dir, "fresh"), undefined, () => Promise.resolve(genesis));
    expect(fresh.firstUse).toBe(true);
    fresh.close();
    writeFileSync(join(dir, "fresh", "monitor.db"), "not a database, but long enough to look like one");
    const damaged = openMonitor(join(dir, "fresh"), undefined, asked);
    await expect(damaged).rejects.toMatchObject({ code: "node/damaged-memory" });
    await open();
  });
});
