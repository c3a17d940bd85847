/** `anamnesis start`, which `npm start` runs: the living sandbox. */
import type { Command } from "commander";
import { integerFrom, portOption } from "../arguments.ts";
import { exampleText } from "../help.ts";
import type { Runner } from "../runner.ts";
import { ORGANISATIONS_MAX } from "../start/organisations/plan.ts";
import { runOrganisations } from "../start/organisations/run.ts";
import { runSandbox } from "../start/run.ts";

interface Options {
  readonly dir: string;
  readonly patients: number;
  readonly seed: string;
  readonly port: number;
  readonly writesPerSecond: number;
  readonly organisations: number;
}

export function registerStart(program: Command, runner: Runner): void {
  const { commands, options, organisations: texts } = runner.texts;
  program
    .command("start")
    .description(commands.start.about)
    .option("--dir <dir>", commands.start.dir, "sandbox")
    .option("--patients <n>", commands.start.patients, integerFrom(100, 1_000_000), 1000)
    .option("--port <port>", options.port, portOption, 8420)
    .option("--writes-per-second <n>", commands.start.writes, integerFrom(0, 10_000), 5)
    .option("--organisations <n>", texts.option, integerFrom(1, ORGANISATIONS_MAX), 1)
    .option("--seed <seed>", commands.start.seed, "anamnesis")
    .addHelpText(
      "after",
      exampleText(runner.texts, "start", "start --patients 5000 --writes-per-second 50", "start --organisations 4"),
    )
    .action((o: Options) =>
      runner.run({}, async (session) => {
        if (o.organisations > 1) await runOrganisations(organisationsIn(o), session, process.stdout);
        else await runSandbox(o, session, process.stdout);
        return 0;
      }),
    );
}

/** A sandbox of several lives beside one of a single organisation, unless it was told where. */
const organisationsIn = (o: Options): Options =>
  o.dir === "sandbox" ? { ...o, dir: `sandbox-${o.organisations}` } : o;
