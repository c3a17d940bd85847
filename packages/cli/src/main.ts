/** The `anamnesis` command: reads the command line, runs one command, gives its exit code. Wires by hand, in one place. */
import { CommanderError } from "commander";
import { cliError } from "./errors.ts";
import { takeLanguage, textsFor } from "./language.ts";
import { makeProgram } from "./program.ts";
import { makeRunner } from "./runner.ts";

export async function main(argv: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedPipe);
  const { language, rest, wrong } = takeLanguage(argv, process.env);
  const runner = makeRunner(textsFor(language), { out: process.stdout, err: process.stderr }, process.env);
  const json = rest.includes("--json");
  if (wrong !== undefined) {
    runner.fail(cliError("cli/usage", "--lang takes en or zh"), json);
    return 2;
  }
  try {
    await makeProgram(runner).parseAsync([...rest], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) runner.fail(error, json);
    else if (error.exitCode !== 0) runner.fail(cliError("cli/usage", error.message.replace(/^error: /, "")), json);
  }
  return runner.exitCode;
}

/** `… | head` closes our output: what is left to print is dropped, the work and its exit code stand. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
