import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf, utf8 } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import {
  type Cosigned,
  cosigner,
  handleAddCheckpoint,
  noteSigner,
  openWitnessed,
  parseVerifierKey,
  type WitnessPeer,
} from "@anamnesis/ledger";
import { MemoryWitnessStore, TestClock, TestLog } from "@anamnesis/ledger/conformance";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseConfig } from "../src/folder/config.ts";
import { configText } from "../src/folder/config-text.ts";
import { startWitnessing, type Witnessing } from "../src/index.ts";

const keyOf = (name: string, seed: number) => cosigner(native, name, new Uint8Array(32).fill(seed));

/** A witness with a switch. */
interface Switched extends WitnessPeer {
  readonly name: string;
  down: boolean;
}

describe("keeping a log witnessed", () => {
  let dir: string;
  let log: TestLog;
  let grown: () => void;
  let outcomes: string[];
  let running: Witnessing[];
  const clock = new TestClock();
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "anamnesis-witnessing-"));
    log = new TestLog(native).grow(10);
    outcomes = [];
    running = [];
    grown = () => undefined;
  });
  afterEach(async () => {
    await Promise.all(running.map((r) => r.stop()));
    rmSync(dir, { recursive: true, force: true });
  });

  function witness(name: string, seed: number): Switched {
    const key = keyOf(name, seed);
    const deps = {
      primitives: native,
      clock,
      cosigner: key,
      store: new MemoryWitnessStore(),
      logKeys: () => [log.verifier],
    };
    const self: Switched = {
      name,
      verifier: parseVerifierKey(native, key.verifierKey),
      down: false,
      ask: (body) => (self.down ? Promise.resolve({ status: 503, body: "" }) : handleAddCheckpoint(deps, utf8(body))),
    };
    return self;
  }

  function start(witnesses: readonly Switched[], source = () => log): Witnessing {
    const w = startWitnessing({
      witnesses,
      log: log.verifier,
      file: join(dir, "witnessed"),
      offer: () =>
        Promise.resolve({ note: source().note(), consistency: (m, n) => Promise.resolve(source().proof(m, n)) }),
      subscribe: (listener) => (grown = listener),
      onOutcome: (name: string, { kind }: Cosigned) => outcomes.push(`${name} ${kind}`),
      pace: { growing: 1, resting: 60_000, failed: 5 },
    });
    running.push(w);
    return w;
  }

  async function until(holds: () => boolean): Promise<void> {
    for (let tries = 0; tries < 2000 && !holds(); tries++) await sleep(5);
    expect(holds()).toBe(true);
  }

  const opened = (w: Witnessing, witnesses: readonly Switched[]) =>
    openWitnessed(
      native,
      w.newest() ?? "",
      log.verifier,
      witnesses.map((each) => each.verifier),
    );

  it("follows the log, and finds its file again after a restart", async () => {
    const both = [witness("a", 1), witness("b", 2)];
    const w = start(both);
    await until(() => w.newest() !== undefined);
    log.grow(300);
    grown();
    await until(() => opened(w, both).checkpoint.size === 310);
    expect(opened(w, both).missing).toEqual([]);
    expect(outcomes).toEqual(["a cosigned", "b cosigned"]);
    await w.stop();
    const kept = readFileSync(join(dir, "witnessed"), "utf8");
    for (const each of both) each.down = true;
    expect(start(both).newest()).toBe(kept);
  });

  it("keeps what more witnesses cosigned for a while, then goes on with those that are left", async () => {
    const [a, b] = [witness("a", 1), witness("b", 2)];
    const w = start([a, b]);
    await until(() => w.newest() !== undefined);
    b.down = true;
    log.grow(5);
    grown();
    await until(() => outcomes.includes("b refused"));
    expect(opened(w, [a, b])).toMatchObject({ checkpoint: { size: 10 }, missing: [] });
    clock.ms += 301_000;
    await until(() => opened(w, [a, b]).checkpoint.size === 15);
    expect(opened(w, [a, b]).missing).toEqual(["b"]);
    b.down = false;
    await until(() => opened(w, [a, b]).missing.length === 0);
    expect(outcomes).toEqual(["a cosigned", "b cosigned", "b refused", "b cosigned"]);
  });

  it("says when a witness has seen more of this log, or another one", async () => {
    const a = witness("a", 1);
    const first = start([a]);
    await until(() => first.newest() !== undefined);
    await first.stop();
    const other = log.forkAt(3).grow(3, "other");
    start([a], () => other);
    await until(() => outcomes.includes("a ahead"));
    other.grow(20, "other");
    await until(() => outcomes.includes("a contradicted"));
    expect(outcomes).toEqual(["a cosigned", "a ahead", "a contradicted"]);
  });

  it("takes no damaged file for a witnessed checkpoint, and stops at once", async () => {
    writeFileSync(join(dir, "witnessed"), log.note());
    const a = witness("a", 1);
    a.down = true;
    const w = start([a]);
    expect(w.newest()).toBeUndefined();
    await w.stop();
    a.down = false;
    await sleep(20);
    expect(existsSync(join(dir, "witnessed"))).toBe(true);
    expect(readFileSync(join(dir, "witnessed"), "utf8")).toBe(log.note());
  });
});

describe("[witness.NAME] in anamnesis.toml", () => {
  const head = configText({ chain: "nord", organisation: "nord", displayName: "Nord", port: 8420, entriesToken: "t" });
  const key = keyOf("w.example/1", 1).verifierKey;
  const code = (text: string) => {
    try {
      parseConfig(text.startsWith("[") ? `${head}\n${text}\n` : `${text}\n${head}`);
    } catch (error) {
      return codeOf(error);
    }
    return undefined;
  };

  it("names address and key", () => {
    expect(parseConfig(head).witnesses).toEqual([]);
    const [first] = parseConfig(`${head}\n[witness.w1]\nurl = "https://w.example/1"\nkey = "${key}"\n`).witnesses;
    expect(first).toMatchObject({ name: "w1", url: "https://w.example/1", verifier: { name: "w.example/1" } });
  });

  it.each([
    "witness = 3",
    "[witness]\nw1 = 3",
    `[witness.w1]\nkey = "${key}"`,
    `[witness.w1]\nurl = "ftp://x"\nkey = "${key}"`,
    `[witness.w1]\nurl = "https://x"`,
    `[witness.w1]\nurl = "https://x"\nkey = "w+00000000+AAAA"`,
    `[witness.w1]\nurl = "https://x"\nkey = "${noteSigner(native, "log", new Uint8Array(32)).verifierKey}"`,
  ])("refuses %j", (text) => {
    expect(code(text)).toBe("node/bad-config");
  });
});
