/** `anamnesis source check NAME`: what capture needs and would see; changes nothing unless told to. */
import type { SourceCheck } from "@anamnesis/capture";
import { type Checked, checkNamed } from "@anamnesis/node";
import type { Command } from "commander";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import { table } from "../output/table.ts";
import type { Runner } from "../runner.ts";
import { withDatabase } from "../sandbox/awake.ts";

interface Options {
  readonly dir: string;
  readonly apply?: boolean;
  readonly json?: boolean;
}

export function registerSourceCheck(source: Command, runner: Runner): void {
  const { commands, options } = runner.texts;
  source
    .command("check")
    .description(commands.sourceCheck.about)
    .argument("<name>", options.source)
    .requiredOption("--dir <dir>", options.dir)
    .option("--apply", commands.sourceCheck.apply)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "source check ehr --dir data"))
    .action((name: string, o: Options) => runner.run(o, (session) => check(name, o, session)));
}

/** 0 = ready, 1 = something required is missing. */
async function check(name: string, o: Options, session: Session): Promise<0 | 1> {
  const { env, signal } = session;
  const apply = o.apply === true;
  const checked = await withDatabase(o.dir, signal, (folder) => checkNamed({ folder, source: name, env, apply }));
  session.result(checked);
  show(checked, session);
  return checked.check.ready ? 0 : 1;
}

function show({ check: found, product, cannotSee, applied }: Checked, session: Session): void {
  const { texts, style } = session;
  session.print(`${texts.source.reachable}: ${found.version} (${product})`);
  for (const problem of found.problems) session.print(style.bad(`${problem.message} [${problem.code}]`));
  const rows = found.tables.map((t) => [
    t.status === "captured" ? texts.source.captured : texts.source.refused,
    t.name,
    String(t.rows),
    t.subjects.columns.join(",") || "–",
    t.why,
  ]);
  for (const line of table(rows)) session.print(`  ${line}`);
  if (applied.length > 0) session.print(style.good(texts.source.applied(applied.length)));
  showStatements(found, session);
  session.print(style.bold(texts.source.cannotSee));
  for (const line of cannotSee) session.print(`  - ${line}`);
}

function showStatements(found: SourceCheck, session: Session): void {
  const { texts, style } = session;
  const statements = [...found.tables.flatMap((t) => t.statements), ...found.statements];
  if (statements.length === 0) return session.print(texts.source.nothing);
  session.print(style.bold(texts.source.needs));
  session.print("  SET lock_timeout = '2s';");
  for (const s of statements) {
    session.print(`  ${s.sql};`);
    session.print(style.dim(`    ${s.why} ${texts.source.lock}: ${s.lock}. ${texts.source.cost}: ${s.cost}.`));
  }
}
