/** `anamnesis status --dir DIR`: what the node has done so far. */
import { openFolder, statusOf } from "@anamnesis/node";
import type { Command } from "commander";
import type { Session } from "../output/session.ts";
import { table } from "../output/table.ts";
import type { Runner } from "../runner.ts";

const mebibytes = (bytes: number): number => Math.ceil(bytes / (1024 * 1024));

interface Options {
  readonly dir: string;
  readonly json?: boolean;
}

export function registerStatus(program: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  program
    .command("status")
    .description(commands.status.about)
    .requiredOption("--dir <dir>", options.dir)
    .option("--json", options.json)
    .action((o: Options) => runner.run(o, (session) => status(o, session)));
}

async function status(o: Options, session: Session): Promise<0> {
  const found = await statusOf(openFolder(o.dir));
  session.result(found);
  const { status: texts } = session.texts;
  const { running, checkpoint } = found;
  session.print(running === null ? texts.notRunning : `${texts.running}: ${running.url} (pid ${running.pid})`);
  const rows = [
    [texts.checkpoint, `${checkpoint.origin} ${checkpoint.size} ${checkpoint.root.slice(0, 16)}…`],
    ...found.sources.map((s) => [s.name, `${s.events} ${texts.events}, ${texts.passed} ${s.passed ?? "–"}`]),
  ];
  for (const line of table(rows)) session.print(line);
  for (const { name, goingThrough } of found.sources)
    for (const { table, why } of goingThrough) session.print(`${name}: ${texts.goingThrough[why](table)}`);
  const { kept } = session.texts.capture;
  for (const { name, retention } of found.sources) {
    if (retention === null || retention.level === "fine") continue;
    session.print(session.style.bad(`${name}: ${kept[retention.level](mebibytes(retention.bytes))}`));
  }
  return 0;
}
