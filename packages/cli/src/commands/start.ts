/** `anamnesis start`, which `npm start` runs: the living sandbox. */
import type { Command } from "commander";
import { integerFrom, portOption } from "../arguments.ts";
import { exampleText } from "../help.ts";
import type { Runner } from "../runner.ts";
import { runSandbox } from "../start/run.ts";

interface Options {
  readonly dir: string;
  readonly patients: number;
  readonly seed: string;
  readonly port: number;
  readonly writesPerSecond: number;
}

export function registerStart(program: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  program
    .command("start")
    .description(commands.start.about)
    .option("--dir <dir>", commands.start.dir, "sandbox")
    .option("--patients <n>", commands.start.patients, integerFrom(100, 1_000_000), 1000)
    .option("--port <port>", options.port, portOption, 8420)
    .option("--writes-per-second <n>", commands.start.writes, integerFrom(0, 10_000), 5)
    .option("--seed <seed>", commands.start.seed, "anamnesis")
    .addHelpText("after", exampleText(runner.texts, "start", "start --patients 5000 --writes-per-second 50"))
    .action((o: Options) =>
      runner.run({}, async (session) => {
        await runSandbox(o, session, process.stdout);
        return 0;
      }),
    );
}
