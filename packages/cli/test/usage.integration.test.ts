/** What a wrong command line gets: exit code 2, a code, a remedy; and help in both languages. */
import { describe, expect, it } from "vitest";
import { anamnesis, launch } from "./process.ts";

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

  it("a reader that went away (`| head`) changes neither exit code nor leaves a stack", async () => {
    const child = launch(["status", "--dir", "/nonexistent", "--json"]);
    child.stdout?.destroy();
    let err = "";
    child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect([code, err]).toEqual([2, expect.stringContaining("[node/no-folder]")]);
    expect(err).not.toContain("EPIPE");
  });

  it("help is not an error", async () => {
    const en = await anamnesis(["proof", "check", "--help"]);
    expect([en.code, en.out]).toEqual([0, expect.stringContaining("Examples")]);
    const zh = await anamnesis(["--help"], { LANG: "zh_CN.UTF-8" });
    expect([zh.code, zh.out]).toEqual([0, expect.stringContaining("用法：")]);
  });
});
