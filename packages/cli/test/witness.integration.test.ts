// A witness as its operator runs it: killed without warning while it is asked to cosign three pasts at once.
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { native } from "@anamnesis/crypto/native";
import { formatAddCheckpoint, noteSigner, openNote, parseVerifierKey } from "@anamnesis/ledger";
import { TestLog } from "@anamnesis/ledger/conformance";
import { afterAll, expect, it } from "vitest";
import { anamnesis, launch, says } from "./process.ts";

const dir = mkdtempSync(join(tmpdir(), "anamnesis-witness-"));
const folder = join(dir, "w");
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const KILLS = 6;
const trunk = new TestLog(native).grow(100);
const forks = ["a", "b", "c"].map((label) => trunk.forkAt(0).grow(3000, label));
const LOG_KEY = noteSigner(native, trunk.origin, new Uint8Array(32).fill(77)).verifierKey;

interface Given {
  readonly fork: number;
  readonly size: number;
}

async function start(...more: readonly string[]): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = launch(["witness", "--dir", folder, "--port", "0", ...more]);
  const said = await says(child, "Ctrl-C");
  return { child, url: /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? "" };
}

/** Offers each fork's trees one after the other, as fast as answers come, until the witness is gone. */
async function hammer(url: string, fork: number, given: Given[], onCosigned: () => void): Promise<void> {
  const log = forks[fork] ?? trunk;
  let known = 0;
  for (let step = 1; ; step++) {
    const size = Math.min(known + (step % 7) + 1, log.size);
    const old = Math.min(known, size);
    const body = formatAddCheckpoint({ old, proof: log.proof(old, size), note: log.note(size) });
    try {
      const reply = await fetch(`${url}/add-checkpoint`, { method: "POST", body });
      const text = await reply.text();
      if (reply.status === 409) known = Math.min(Number(text), log.size);
      if (reply.status !== 200) continue;
      given.push({ fork, size });
      onCosigned();
      known = size;
    } catch {
      return;
    }
  }
}

it("never cosigns two pasts, however often it is killed and whatever comes at once", async () => {
  const given: Given[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const { child, url } = await start(...(kill === 0 ? ["--name", "w.example/1", "--log", LOG_KEY] : []));
    const gone = new Promise((resolve) => child.once("exit", resolve));
    let left = 10 + 7 * kill;
    // Killed after so many cosignatures, not after so much time: a slow machine sees the same.
    const onCosigned = (): void => void (--left === 0 && child.kill("SIGKILL"));
    await Promise.all([0, 1, 2, 0, 1, 2].map((fork) => hammer(url, fork, given, onCosigned)));
    await gone;
  }
  expect(given.length).toBeGreaterThanOrEqual(KILLS * 10);
  expect(new Set(given.map((g) => g.fork)).size).toBe(1);
  const { child, url } = await start();
  try {
    const largest = Math.max(...given.map((g) => g.size));
    const log = forks[given[0]?.fork ?? 0] ?? trunk;
    const probe = formatAddCheckpoint({ old: 0, proof: [], note: log.note(largest + 50) });
    const reply = await fetch(`${url}/add-checkpoint`, { method: "POST", body: probe });
    expect(reply.headers.get("content-type")).toBe("text/x.tlog.size");
    // What it gave out it remembers; it may also remember one whose answer was cut off.
    expect(Number(await reply.text())).toBeGreaterThanOrEqual(largest);
  } finally {
    child.kill("SIGTERM");
    await new Promise((resolve) => child.once("exit", resolve));
  }
}, 300_000);

it("prints the key that its cosignatures are checked with", async () => {
  const key = (await anamnesis(["witness", "key", "--dir", folder])).out.trim();
  expect(JSON.parse((await anamnesis(["witness", "key", "--dir", folder, "--json"])).out)).toEqual({
    name: "w.example/1",
    key,
    logs: [LOG_KEY],
  });
  const { child, url } = await start();
  try {
    const at = await fetch(`${url}/add-checkpoint`, { method: "POST", body: `old 0\n\n${trunk.note(0)}` });
    expect(at.status).toBe(409);
    expect(await (await fetch(`${url}/key`)).text()).toBe(`${key}\n`);
    const newest = await fetch(`${url}/logs/${createHash("sha256").update(trunk.origin).digest("hex")}/checkpoint`);
    const verifiers = [key, LOG_KEY].map((k) => parseVerifierKey(native, k));
    expect(openNote(native, await newest.text(), verifiers).verified.length).toBe(2);
  } finally {
    child.kill("SIGTERM");
    await new Promise((resolve) => child.once("exit", resolve));
  }
  const lost = await anamnesis(["witness", "--dir", join(dir, "other"), "--lang", "zh"]);
  expect([lost.code, lost.err]).toEqual([2, expect.stringContaining("node/not-a-witness")]);
}, 300_000);

it("is asked by a running node, and demanded by who checks its log", async () => {
  const data = join(dir, "data");
  const out = join(dir, "out");
  await anamnesis(["init", data, "--org", "Nord", "--port", "0"]);
  const log = join(data, "genesis.json");
  const w = launch(["witness", "--dir", join(dir, "w2"), "--name", "w.example/2", "--log", log, "--port", "0"]);
  const witness = /http:\/\/127\.0\.0\.1:\d+/.exec(await says(w, "Ctrl-C"))?.[0] ?? "";
  const key = (await anamnesis(["witness", "key", "--dir", join(dir, "w2")])).out.trim();
  const before = await anamnesis(["log", "verify", "--dir", data, "--witness", key, "--json"]);
  expect([before.code, JSON.parse(before.out)]).toMatchObject([1, { problems: [{ code: "ledger/unwitnessed" }] }]);
  appendFileSync(join(data, "anamnesis.toml"), `\n[witness.w2]\nurl = "${witness}"\nkey = "${key}"\n`);
  const node = launch(["node", "--dir", data]);
  try {
    const said = await says(node, "Ctrl-C");
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? "";
    for (let tries = 0; tries < 600 && (await fetch(`${url}/witnessed`)).status !== 200; tries++) await sleep(50);
    const token = /^entries_token = "(.+)"$/m.exec(readFileSync(join(data, "anamnesis.toml"), "utf8"))?.[1] ?? "";
    const demand = ["log", "verify", "--witness", key, "--genesis", log, "--json"];
    const served = await anamnesis([...demand, "--url", url, "--token", token, "--fresh", "3600"]);
    expect([served.code, JSON.parse(served.out)]).toMatchObject([
      0,
      { ok: true, witnessed: { least: 1, missing: [] } },
    ]);
    expect(JSON.parse(served.out)).toMatchObject({ witnessed: { by: [{ name: "w.example/2" }], problems: [] } });
    await anamnesis(["log", "export", "--dir", data, "--out", out]);
    expect((await anamnesis([...demand, "--dir", out])).code).toBe(0);
    const other = (await anamnesis(["witness", "key", "--dir", folder])).out.trim();
    const two = await anamnesis(["log", "verify", "--dir", data, "--witness", key, "--witness", other]);
    expect([two.code, two.out]).toEqual([1, expect.stringContaining("1 of the 2 witnesses")]);
    expect(two.out).toContain("not cosigned by w.example/1");
    expect(
      (await anamnesis(["log", "verify", "--dir", data, "--witness", key, "--witness", other, "--least", "1"])).code,
    ).toBe(0);
    for (const wrong of [
      ["--least", "1"],
      ["--witness", key, "--least", "2"],
      ["--witness", LOG_KEY],
    ])
      expect((await anamnesis(["log", "verify", "--dir", data, ...wrong])).err).toContain("cli/usage");
  } finally {
    for (const child of [node, w]) {
      child.kill("SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
    }
  }
}, 300_000);
