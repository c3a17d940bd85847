import type { Command } from "commander";
import { expect, it } from "vitest";
import { textsFor } from "../src/language.ts";
import { makeProgram } from "../src/program.ts";
import type { Runner } from "../src/runner.ts";

const leaves = (command: Command): readonly Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

function helps(language: "en" | "zh"): ReadonlyMap<string, string> {
  const runner: Runner = { texts: textsFor(language), run: () => Promise.resolve(), fail: () => {}, exitCode: 0 };
  const shown = leaves(makeProgram(runner)).map((command) => {
    let help = "";
    command.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp();
    return [`${command.parent?.name()} ${command.name()}`, help] as const;
  });
  return new Map(shown);
}

it.each(["en", "zh"] as const)("every command shows an example in its help (%s)", (language) => {
  const title = `\n${textsFor(language).program.examples}:\n`;
  expect([...helps(language)].filter(([, help]) => !help.includes(title))).toEqual([]);
});

it("says defaults in the language of the help", () => {
  expect(helps("en").get("anamnesis misuse")).toContain(" (default: 20)");
  const zh = helps("zh");
  expect(zh.get("anamnesis misuse")).toContain("（默认：20）");
  expect([...zh].filter(([, help]) => /\bdefault\b/i.test(help))).toEqual([]);
});
