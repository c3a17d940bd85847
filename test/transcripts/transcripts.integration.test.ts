/** The recorded commands give the same roots wherever and however they are executed. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { contract, MODULES } from "@anamnesis/contracts";
import { codeOf, fromHex, toHex } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { portable } from "@anamnesis/crypto/portable";
import {
  catchUp,
  createLedger,
  openEmbedded,
  openOrFound,
  openReader,
  restoreSnapshot,
  takeSnapshot,
  verifyLedger,
} from "@anamnesis/embedded";
import type { Engine } from "@anamnesis/ledger";
import { skipLoudly } from "@anamnesis/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { differences, genesisOf, readTranscript, type Step, transactionOf } from "./transcript.ts";

const PLAY = fileURLToPath(new URL("play.ts", import.meta.url));
const transcript = readTranscript();
const { steps } = transcript;
const genesis = genesisOf(transcript);
const accepted = steps.filter((each) => each.refused === undefined);
const last = accepted.at(-1);

/** Majors of Node other than ours that can run the sources. */
const other = process.env["ANAMNESIS_OTHER_NODE"] ?? "";
const noOther =
  other === "" &&
  skipLoudly({
    name: "the transcript of all modules on another major of Node",
    needs: "other-node",
    reason: "ANAMNESIS_OTHER_NODE names no other Node (22.18 or later)",
  });

describe("the transcript of all modules", () => {
  it("holds at least 200 commands of every module, failures included", () => {
    const kinds = new Set(steps.map((each) => transactionOf(native, each).transaction.kind));
    expect(steps.length).toBeGreaterThanOrEqual(200);
    for (const { name } of MODULES) expect([...kinds].some((kind) => kind.startsWith(`${name}.`))).toBe(true);
    expect(accepted.length).toBeGreaterThan(100);
    expect(new Set(steps.flatMap(({ refused }) => (refused === undefined ? [] : [refused]))).size).toBeGreaterThan(20);
  });

  it.each([native, portable])("comes out as recorded with $name primitives", (p) => {
    expect(differences(p, transcript)).toEqual([]);
  });

  const place = () => mkdtempSync(join(tmpdir(), "anamnesis-transcript-"));
  const folders: string[] = [];
  afterEach(() => {
    for (const each of folders.splice(0)) rmSync(each, { recursive: true, force: true });
  });
  const options = (dir: string) => ({
    ...{ dir, genesis, contract, primitives: native, logSigner: fromHex(transcript.logSeed) },
    clock: { now: () => clock },
  });
  let clock = 0;

  /** Submits one after the other at the recorded times; gives what differs. */
  async function order(engine: Engine, part: readonly Step[]): Promise<readonly string[]> {
    const differing: string[] = [];
    for (const step of part) {
      clock = step.time;
      const refused = await engine.submit(transactionOf(native, step)).then(() => undefined, codeOf);
      const { size, root } = await engine.checkpoint();
      // An engine asks before it queues: where several things are wrong it may name another one than the block would.
      const both = refused !== undefined && step.refused !== undefined;
      const same = both || (refused === step.refused && size === step.size && toHex(root) === step.root);
      if (!same) differing.push(`${step.refused ?? step.size} came out as ${refused ?? size}`);
    }
    return differing;
  }

  it("comes out as recorded on the embedded engine, restarted and restored from a snapshot in the middle", async () => {
    const dir = place();
    const copy = place();
    const snapshot = join(place(), "snapshot");
    folders.push(dir, copy, dirname(snapshot));
    const half = Math.floor(steps.length / 2);
    clock = genesis.time;
    await createLedger(options(dir));
    let engine = await openEmbedded(options(dir));
    expect(await order(engine, steps.slice(0, half))).toEqual([]);
    await engine.close();
    const log = await openReader(options(dir));
    await takeSnapshot(log, snapshot, { primitives: native });
    await log.close();
    expect(await restoreSnapshot({ ...options(copy), snapshot, follows: false })).toMatchObject({ replayed: true });
    for (const folder of [dir, copy]) {
      engine = await openEmbedded(options(folder));
      expect(await order(engine, steps.slice(half))).toEqual([]);
      await engine.close();
      expect((await verifyLedger(options(folder))).problems).toEqual([]);
    }
  });

  it("comes out as recorded on a follower's replica", async () => {
    const dir = place();
    folders.push(dir);
    const orderer = options(join(dir, "orderer"));
    await createLedger(orderer);
    const engine = await openEmbedded(orderer);
    await order(engine, steps);
    const log = await openReader(orderer);
    const followed = {
      checkpoint: () => log.checkpoint(),
      tile: (path: string) => log.tile(path),
      notes: async (sequence: number) => log.notes(sequence, 256),
    };
    const replica = await openOrFound(options(join(dir, "replica")), followed);
    await catchUp(replica, followed, { primitives: native, signal: AbortSignal.timeout(60_000) });
    const { size, root } = await replica.reader.checkpoint();
    expect({ size, root: toHex(root) }).toEqual({ size: last?.size, root: last?.root });
    replica.close();
    await log.close();
    await engine.close();
  });

  it.each([
    { LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", TZ: "Pacific/Chatham" },
    { LANG: "ar_EG.UTF-8", LC_ALL: "ar_EG.UTF-8", TZ: "America/St_Johns" },
    { LANG: "C", LC_ALL: "C", TZ: "Etc/GMT-14" },
  ])("comes out as recorded under $LANG in $TZ", (env) => {
    const said = execFileSync(process.execPath, [PLAY], { env: { ...process.env, ...env }, encoding: "utf8" });
    expect(said).toContain(`${steps.length} steps, 0 differ`);
  });
});

describe.skipIf(noOther)("the transcript of all modules on another major of Node", () => {
  it("comes out as recorded", () => {
    const { stdout, stderr, status } = spawnSync(other, [PLAY], { encoding: "utf8" });
    expect(stderr.replace(/^.*ExperimentalWarning.*$|^\(Use .*$/gm, "").trim()).toBe("");
    expect(stdout).toContain(`${steps.length} steps, 0 differ`);
    expect(stdout).not.toContain(process.version);
    expect(status).toBe(0);
  });
});
