/** What `source check` found, as people read it. */
import type { MariadbCheck, SourceCheck, Statement, TableCheck } from "@anamnesis/capture";
import type { Checked } from "@anamnesis/node";
import type { Texts } from "../texts/en.ts";
import type { Session } from "./session.ts";
import { table } from "./table.ts";

/** Optional statements shown of one kind; --json lists all. */
const OPTIONAL_SHOWN = 5;
/** Tables named as not in the log; --json lists all. */
const UNLOGGED_SHOWN = 20;
/** The line of those is one cell, wider than cells are otherwise. */
const LINE_MAX = 10_000;

export function showCheck({ check: found, product, cannotSee, applied }: Checked, session: Session): void {
  const { texts, style } = session;
  session.print(`${texts.source.reachable}: ${found.version} (${product})`);
  for (const problem of found.problems) {
    session.print(style.bad(`${texts.source.problem}: ${problem.message} [${problem.code}]`));
  }
  for (const group of grouped(found.tables, (t) => `${t.status}/${t.why}`)) showTables(group, session);
  if ("unlogged" in found && found.unlogged.length > 0) showUnlogged(found.unlogged, session);
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

function showUnlogged(tables: readonly string[], { texts: { source, verify }, print }: Session): void {
  const more = tables.length - UNLOGGED_SHOWN;
  const names = [...tables.slice(0, UNLOGGED_SHOWN), ...(more > 0 ? [verify.andMore(more)] : [])].join(", ");
  for (const line of table([[source.unlogged(names)]], LINE_MAX)) print(line);
}

/** What is required comes first, and whole. A line that is no statement is a comment: all of it can be run as it is. */
function showStatements(found: SourceCheck | MariadbCheck, { texts: { source }, style, print }: Session): void {
  const all = [...found.tables.flatMap((t) => t.statements), ...found.statements];
  const statements = [...all.filter((s) => s.required), ...all.filter((s) => !s.required)];
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
    const shown = first.required ? group : group.slice(0, OPTIONAL_SHOWN);
    for (const { sql } of shown) print(`  ${sql};`);
    if (shown.length < group.length) print(style.dim(`  -- ${source.moreStatements(group.length - shown.length)}`));
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
