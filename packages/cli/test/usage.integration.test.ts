/** What a wrong command line gets: exit code 2, a code, a remedy; and help in both languages. */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { anamnesis, COMMAND, launch, says } from "./process.ts";

describe("the command line", () => {
  it.each([
    [["frobnicate", "--json"]],
    [["init", "--json"]],
    [["verify", "ehr", "--dir", "x", "--key", "1", "--json"]],
    [["node", "--dir", "x", "--port", "99999", "--json"]],
    [["verify", "--lang", "tlh", "--json"]],
    [["log", "verify", "--json"]],
  ])("%j is a usage error as one JSON document", async (args) => {
    const { code, out, err } = await anamnesis(args);
    expect(JSON.parse(out)).toMatchObject({ error: { code: "cli/usage" } });
    expect([code, err]).toEqual([2, expect.stringContaining("What to do: See --help.")]);
  });

  it("a folder that is none is named with its remedy", async () => {
    const { code, err } = await anamnesis(["status", "--dir", "/nonexistent", "--lang", "zh"]);
    expect([code, err]).toEqual([2, expect.stringContaining("[node/no-folder]")]);
    expect(err).toContain("处理办法");
  });

  it("a folder that lost its genesis is told from one that this account may not read", async () => {
    const dir = mkdtempSync(join(tmpdir(), "anamnesis-genesis-"));
    const data = join(dir, "data");
    expect((await anamnesis(["init", data, "--org", "x"])).code).toBe(0);
    const nobody = process.getuid?.() === 0 ? 65_534 : undefined;
    if (nobody === undefined) chmodSync(data, 0);
    for (const args of [["status"], ["log", "verify"]]) {
      const { code, err } = await anamnesis([...args, "--dir", data], {}, nobody);
      expect([code, err]).toEqual([2, expect.stringContaining("[node/no-access]")]);
    }
    chmodSync(data, 0o700);
    rmSync(join(data, "genesis.json"));
    for (const args of [["node"], ["verify", "ehr"], ["log", "verify"]]) {
      const { code, err } = await anamnesis([...args, "--dir", data]);
      expect([code, err]).toEqual([2, expect.stringContaining("Restore genesis.json from a copy")]);
      expect(err).toContain("[node/no-genesis]");
    }
    rmSync(dir, { recursive: true });
  });

  it("a reader that went away (`| head`) changes neither exit code nor leaves a stack", async () => {
    const child = launch(["status", "--dir", "/nonexistent", "--json"]);
    child.stdout?.destroy();
    let err = "";
    child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect([code, err]).toEqual([2, expect.stringContaining("[node/no-folder]")]);
    expect(err).not.toContain("EPIPE");
  });

  it("a node whose door was killed (its channel ends) stops", async () => {
    const dir = mkdtempSync(join(tmpdir(), "anamnesis-door-"));
    expect((await anamnesis(["init", join(dir, "data"), "--org", "x"])).code).toBe(0);
    const args = [COMMAND, "node", "--dir", join(dir, "data"), "--port", "0"];
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...process.env, LANG: "C" },
    });
    await says(child, "Ctrl-C");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.disconnect();
    const late = setTimeout(() => child.kill("SIGKILL"), 4_000);
    expect(await ended).toBe(0);
    clearTimeout(late);
    rmSync(dir, { recursive: true });
  });

  it("help is not an error", async () => {
    const en = await anamnesis(["proof", "check", "--help"]);
    expect([en.code, en.out]).toEqual([0, expect.stringContaining("Examples")]);
    const zh = await anamnesis(["--help"], { LANG: "zh_CN.UTF-8" });
    expect([zh.code, zh.out]).toEqual([0, expect.stringContaining("用法：")]);
  });
});
