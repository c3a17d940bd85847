import type { Command } from "commander";
import { expect, it } from "vitest";
import { textsFor } from "../src/language.ts";
import { makeProgram } from "../src/program.ts";
import type { Runner } from "../src/runner.ts";

const leaves = (command: Command): readonly Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

it.each(["en", "zh"] as const)("every command shows an example in its help (%s)", (language) => {
  const texts = textsFor(language);
  const runner: Runner = { texts, run: () => Promise.resolve(), fail: () => {}, exitCode: 0 };
  const bare = leaves(makeProgram(runner)).flatMap((command) => {
    let help = "";
    command.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp();
    return help.includes(`\n${texts.program.examples}:\n`) ? [] : [command.name()];
  });
  expect(bare).toEqual([]);
});
