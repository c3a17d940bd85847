/** `anamnesis source check NAME`: what capture needs and would see; changes nothing unless told to. */
import type { MariadbCheck, SourceCheck, Statement, TableCheck } from "@anamnesis/capture";
import { type Checked, checkNamed } from "@anamnesis/node";
import type { Command } from "commander";
import { exampleText } from "../help.ts";
import type { Session } from "../output/session.ts";
import { table } from "../output/table.ts";
import type { Runner } from "../runner.ts";
import { withDatabase } from "../sandbox/awake.ts";
import type { Texts } from "../texts/en.ts";

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
  for (const problem of found.problems) {
    session.print(style.bad(`${texts.source.problem}: ${problem.message} [${problem.code}]`));
  }
  for (const group of grouped(found.tables, (t) => `${t.status}/${t.why}`)) showTables(group, session);
  if (applied.length > 0) session.print(style.good(texts.source.applied(applied.length)));
  showStatements(found, session);
  if ("log" in found) showLog(found, session);
  else showSlot(found, session);
  session.print(style.bold(texts.source.cannotSee));
  for (const line of cannotSee) session.print(`  - ${line}`);
}

/** Tables with one verdict: it is said once. */
function showTables(tables: readonly TableCheck[], { texts: { source }, style, print }: Session): void {
  const [first] = tables;
  if (first === undefined) return;
  print(style.bold(`${source.status[first.status]} (${tables.length}): ${first.why}`));
  const { table: name, rows, patient, key, large } = source.columns;
  const withLarge = tables.some((t) => t.largeColumns.length > 0);
  const lines = tables.map((t) => [
    ...[t.name, t.rows === null ? "?" : String(t.rows), t.subjects.columns.join(",") || "–", t.key.join(",") || "–"],
    ...(withLarge ? [t.largeColumns.join(",") || "–"] : []),
  ]);
  for (const line of table([[name, rows, patient, key, ...(withLarge ? [large] : [])], ...lines])) print(`  ${line}`);
}

function showStatements(found: SourceCheck | MariadbCheck, { texts: { source }, style, print }: Session): void {
  const statements = [...found.tables.flatMap((t) => t.statements), ...found.statements];
  if (statements.length === 0) {
    if (found.ready) print(source.nothing);
    return;
  }
  print(style.bold(source.needs));
  if (!("log" in found)) print("  SET lock_timeout = '2s';");
  for (const group of grouped(statements, (s) => `${s.required}/${s.why}/${s.lock}/${s.cost}`)) {
    const [first] = group;
    if (first === undefined) continue;
    print(style.dim(`  -- ${first.required ? source.required : source.optional}: ${explained(first, source)}`));
    for (const { sql } of group) print(`  ${sql};`);
  }
}

const explained = (s: Statement, { lock, cost }: Texts["source"]): string =>
  `${s.why} ${lock}: ${s.lock}. ${cost}: ${s.cost}.`;

function showSlot(
  { publication, slot, walKept, limits }: SourceCheck,
  { texts: { source }, style, print }: Session,
): void {
  print(style.bold(source.slot(publication)));
  print(`  ${slot === undefined ? source.slotToMake : source.slotKeeps(Math.ceil(slot.retainedBytes / MEBIBYTE))}`);
  print(`  ${source.slotLimits(limits.warnBytes / MEBIBYTE, limits.giveUpBytes / MEBIBYTE)}`);
  print(`  ${source.slotCost(walKept === "-1" ? undefined : walKept)}`);
}

function showLog({ log }: MariadbCheck, { texts: { source }, style, print }: Session): void {
  print(style.bold(source.log));
  print(`  ${source.logKeeps(log.files, Math.ceil(log.bytes / MEBIBYTE))}`);
  print(`  ${source.logCost(log.seconds === null || log.seconds === 0 ? undefined : Math.round(log.seconds / 3600))}`);
}

const MEBIBYTE = 1024 * 1024;

const grouped = <T>(all: readonly T[], by: (one: T) => string): Iterable<readonly T[]> => Map.groupBy(all, by).values();
