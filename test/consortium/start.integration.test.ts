/** The sandbox of several organisations from its first start to its second: everything that its members live through. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseConfig } from "@anamnesis/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anamnesis } from "../../packages/cli/test/process.ts";
import { NAMES, type Name, Started } from "./start-harness.ts";

/** Leaves behind the newest seal by all four that was shown. */
const sealedUpTo = (said: string): number =>
  Math.max(0, ...[...said.matchAll(/sealed by 4 of 4 up to (\d+)/g)].map(([, size]) => Number(size)));

describe("start --organisations 4", { timeout: 400_000 }, () => {
  const four = new Started();
  beforeAll(() => four.start());
  afterAll(() => four.dispose(), 200_000);

  const pids = (): (number | undefined)[] => NAMES.map((name) => four.pidOf(name));
  const following = (name: Name) =>
    four.until(
      `${name} follows`,
      () => four.members(name),
      (m) => m?.follow?.kind === "following",
    );

  const decide = async (type: "suspend" | "reinstate", about: Name): Promise<void> => {
    const run = async (by: Name, ...args: readonly string[]): Promise<Record<string, unknown>> => {
      const { code, out, err } = await anamnesis([...args, "--dir", four.folderOf(by), "--json"]);
      expect([code, err]).toEqual([0, ""]);
      return JSON.parse(out) as Record<string, unknown>;
    };
    const { proposal } = await run("nord", "propose", type, about);
    const voters = NAMES.filter((name) => name !== "nord" && name !== about);
    const decided: unknown[] = [];
    for (const by of voters)
      if (!decided.includes(true)) decided.push((await run(by, "vote", String(proposal)))["decided"]);
    expect(decided).toContain(true);
  };

  it("goes on with a founding that was cut off when not all had taken the document up", async () => {
    await four.until(
      "founded in part",
      () => NAMES.filter((name) => existsSync(join(four.folderOf(name), "genesis.json"))).length,
      (founded) => founded > 0,
    );
    expect(await four.end("SIGINT")).toBe(0);
    expect(four.said).toContain("Everything is stopped");
    four.start();
    await four.level(1);
  });

  it("runs a process per organisation, each with keys of its own, and all four seal", async () => {
    await four.level(1000);
    expect(new Set(pids()).size).toBe(4);
    expect(pids()).not.toContain(undefined);
    for (const name of NAMES) {
      const own = readFileSync(`/proc/${four.pidOf(name)}/cmdline`, "latin1");
      for (const other of NAMES) expect(own.includes(four.folderOf(other))).toBe(other === name);
      expect(readdirSync(join(four.folderOf(name), "keys")).includes("log.key")).toBe(name === "nord");
    }
    expect(new Set(four.publicKeys()).size).toBe(4);
    // Each asks every member but itself and the one that orders.
    for (const name of NAMES) {
      const { members } = parseConfig(readFileSync(join(four.folderOf(name), "anamnesis.toml"), "utf8"));
      const asked = NAMES.filter((other) => other !== name && other !== "nord");
      expect(members.map(({ id }) => String(id))).toEqual(asked);
    }
    // Not the very size that was seen: the log may have grown before all of them had cosigned it.
    await four.until(
      "sealed by all",
      () => sealedUpTo(four.said),
      (sealed) => sealed >= 1000,
    );
  });

  it("brings what is written in one member's database to all four replicas, under one root", async () => {
    const before = await four.level();
    expect(await four.write("sued", "UPDATE public.patients SET phone = '030 1' WHERE id = 1")).toBe(1);
    await four.level(before);
    const checkpoints = await Promise.all(NAMES.map((name) => four.checkpoint(name)));
    expect(new Set(checkpoints).size).toBe(1);
    for (const name of NAMES) expect(await four.sourcesFrom(name, before)).toEqual(["update sued"]);
  });

  it("starts a follower again that was killed, and it catches up from where it was", async () => {
    const before = await four.level();
    const pid = four.pidOf("west") ?? 0;
    const from = four.said.length;
    // It must miss more than it takes in one piece, and is started again as soon as it is gone.
    process.kill(pid, "SIGSTOP");
    let written = 0;
    for (let i = 0; i < 10; i++)
      written += await four.write("nord", "UPDATE public.observations SET value = value + 1");
    await four.until(
      "all captured",
      () => four.members("nord"),
      (m) => (m?.size ?? 0) > before + written,
    );
    process.kill(pid, "SIGKILL");
    await four.until(
      "started again",
      () => four.pidOf("west"),
      (now) => now !== undefined && now !== pid,
    );
    const first = await four.until(
      "west answers",
      () => four.members("west"),
      (m) => m !== undefined,
    );
    expect(first?.size).toBeGreaterThanOrEqual(before);
    await four.says("west  | catches up with", from);
    await four.says("west  | Level with the orderer", from);
    expect(await four.level(before + written)).toBeGreaterThan(before + written);
  });

  it("lets followers read while the orderer hangs, says so, and goes on afterwards", async () => {
    const before = await four.level();
    const orderer = four.pidOf("nord") ?? 0;
    const from = four.said.length;
    process.kill(orderer, "SIGSTOP");
    try {
      await four.until(
        "cut off",
        () => four.members("sued"),
        (m) => m?.follow?.kind === "cut-off",
      );
      await four.says("sued  | cut off (gateway/timeout): read-only on what it verified last", from);
      const served = await four.ask("sued", "checkpoint");
      expect(served?.headers.get("anamnesis-notice")).toMatch(/^read-only; cut off since /);
      expect((await served?.text())?.split("\n")[1]).toBe(String(before));
      const status = await anamnesis(["status", "--dir", four.folderOf("sued")]);
      expect([status.code, status.out]).toEqual([0, expect.stringContaining("cut off (gateway/timeout): read-only")]);
      const verified = await anamnesis(["log", "verify", "--dir", four.folderOf("sued"), "--json"]);
      expect([verified.code, JSON.parse(verified.out)]).toEqual([
        0,
        expect.objectContaining({ ok: true, size: before }),
      ]);
      expect(await four.write("sued", "UPDATE public.patients SET phone = '030 2' WHERE id = 1")).toBe(1);
    } finally {
      process.kill(orderer, "SIGCONT");
    }
    await following("sued");
    await four.level(before);
    expect(await four.sourcesFrom("west", before)).toEqual(["update sued"]);
  });

  it("keeps the node of a suspended member up, which captures on by itself when it is taken in again", async () => {
    const before = await four.level();
    const pid = four.pidOf("west");
    const from = four.said.length;
    await decide("suspend", "west");
    expect(await four.write("west", "UPDATE public.patients SET phone = '030 4' WHERE id = 1")).toBe(1);
    await four.says("west  | Capture of west waits: The organisation of this key is suspended", from);
    const status = await anamnesis(["status", "--dir", four.folderOf("west")]);
    expect([status.code, status.out]).toEqual([0, expect.stringContaining("[ledger/key-suspended]")]);
    // It follows and answers as before, and nothing of its own reaches the ledger.
    const told = (name: Name, events: number) =>
      four.until(
        `${events} events on`,
        () => four.sourcesFrom(name, before),
        (seen) => seen.length >= events,
      );
    expect(await four.write("sued", "UPDATE public.patients SET phone = '030 5' WHERE id = 1")).toBe(1);
    expect(await told("west", 1)).toEqual(["update sued"]);
    const verified = await anamnesis(["log", "verify", "--dir", four.folderOf("west"), "--json"]);
    expect([verified.code, JSON.parse(verified.out)]).toEqual([0, expect.objectContaining({ ok: true })]);
    expect(four.pidOf("west")).toBe(pid);
    // So it does when it is started while the suspension lasts.
    const killed = four.said.length;
    process.kill(pid ?? 0, "SIGKILL");
    await four.says("west  | Capture of west waits: ", killed);
    const again = await four.until(
      "started again",
      () => four.pidOf("west"),
      (now) => now !== undefined && now !== pid,
    );
    await decide("reinstate", "west");
    await four.says("west  | Capture of west goes on.", killed);
    expect(await told("nord", 2)).toEqual(["update sued", "update west"]);
    await four.level(before);
    expect(four.pidOf("west")).toBe(again);
  });

  it("ends every process with Ctrl-C, and goes on where it was when it is started again", async () => {
    const before = await four.level();
    const from = four.said.length;
    expect(await four.end("SIGINT")).toBe(0);
    // None was killed because it would not end.
    for (const name of NAMES) expect(four.said.slice(from)).toContain(`${name.padEnd(6)}| Stopped.`);
    await four.until(
      "without processes",
      () => four.processes,
      (left) => left.length === 0,
    );
    four.start();
    expect(await four.level()).toBeGreaterThanOrEqual(before);
    await four.write("ost", "UPDATE public.patients SET phone = '030 3' WHERE id = 1");
    await four.level(before);
    expect(await four.sourcesFrom("sued", before)).toContain("update ost");
  });

  it("leaves no process behind when it is killed itself", async () => {
    expect(await four.end("SIGKILL")).toBeNull();
    await four.until(
      "without processes",
      () => four.processes,
      (left) => left.length === 0,
    );
  });
});
