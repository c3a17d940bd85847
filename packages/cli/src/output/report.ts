/** A verification as people read it: a calm table, the evidence used, the position. */
import type { AcceptedRows, Finding, NotCovered, VerifyReport } from "@anamnesis/capture";
import type { Session } from "./session.ts";
import { CELL_MAX, table } from "./table.ts";
import { isoTime } from "./time.ts";

/** Findings shown; --json lists all. */
const FINDINGS_SHOWN = 50;
/** More rows than this of one table, unvouched because its columns changed, become one line. */
const COLUMNS_CHANGED_SHOWN = 20;
/** Tables named as not covered; --json lists all. */
const NOT_COVERED_SHOWN = 20;
/** Groups of accepted rows shown; --json lists all. */
const ACCEPTED_SHOWN = 20;
/** The line of those is one cell, wider than cells are otherwise. */
const LINE_MAX = 10_000;

export function showReport(report: VerifyReport, session: Session): void {
  const { texts, style } = session;
  const { verify } = texts;
  const { totals } = report;
  const all = totals.altered + totals.missing + totals.unexplained + totals.unvouched;
  if (all === 0) session.print(style.good(verify.clean(report.rows)));
  else showFindings(report, all, session);
  if (report.notCovered.length > 0) showNotCovered(report.notCovered, session);
  if (report.accepted.total > 0) showAccepted(report.accepted, session);
  if (totals.erased > 0) session.print(verify.erasedNote(totals.erased));
  if (report.unattributed > 0) session.print(style.dim(verify.unattributed(report.unattributed)));
  for (const line of table(evidence(report, session))) session.print(style.dim(line));
}

/** One line of the table of findings, and how many it stands for. */
interface Line {
  readonly cells: readonly string[];
  readonly findings: number;
}

/** What tells of tampering comes first, so that no flood of changed columns pushes it out of sight. */
function showFindings(report: VerifyReport, all: number, session: Session): void {
  const { verify } = session.texts;
  const { columns } = verify;
  session.print(session.style.bad(verify.found(all)));
  const { altered, missing, unexplained, unvouched } = report;
  const worst = [...altered, ...missing, ...unexplained].slice(0, FINDINGS_SHOWN).map((f) => lineOf(f, session));
  const lines = [...worst, ...unvouchedLines(unvouched, session)].slice(0, FINDINGS_SHOWN);
  const head = [columns.finding, columns.table, columns.key, columns.last];
  for (const line of table([head, ...lines.map((l) => l.cells)], CELL_MAX)) session.print(`  ${line}`);
  const more = all - lines.reduce((n, l) => n + l.findings, 0);
  if (more > 0) session.print(`  ${verify.more(more)}`);
  const putBack = [...altered, ...unexplained].filter((f) => f.equalsEvent !== undefined).length;
  if (putBack > 0) session.print(verify.putBack(putBack));
}

const lineOf = (f: Finding, session: Session): Line => ({
  cells: [session.texts.verify.kind[f.kind], f.table, f.key, lastEvent(f, session) + because(f, session)],
  findings: 1,
});

function because({ valueUnknown, pending, contradicted }: Finding, { texts: { verify } }: Session): string {
  const why = [
    ...(valueUnknown === true ? [verify.valueUnknown] : []),
    ...(pending === true ? [verify.pending] : []),
    ...(contradicted === undefined ? [] : [verify.contradicted(contradicted.event, isoTime(contradicted.time))]),
  ];
  return why.map((text) => `; ${text}`).join("");
}

function unvouchedLines(unvouched: readonly Finding[], session: Session): Line[] {
  const { verify } = session.texts;
  const changed = Map.groupBy(
    unvouched.filter((f) => f.columnsChanged === true),
    (f) => f.table,
  );
  const floods = new Map([...changed].filter(([, findings]) => findings.length > COLUMNS_CHANGED_SHOWN));
  const others = unvouched.filter((f) => f.columnsChanged !== true || !floods.has(f.table));
  return [
    ...[...floods].map(([name, findings]) => ({
      cells: [verify.kind.unvouched, name, verify.manyRows(findings.length), verify.columnsChanged(newestOf(findings))],
      findings: findings.length,
    })),
    ...others.slice(0, FINDINGS_SHOWN).map((f) => lineOf(f, session)),
  ];
}

/** The newest event under the former columns: they changed after it. */
function newestOf(findings: readonly Finding[]): number | null {
  let newest: number | null = null;
  for (const { lastEvent: last } of findings) if (last !== null) newest = Math.max(newest ?? 0, last.index);
  return newest;
}

function showNotCovered(tables: readonly NotCovered[], session: Session): void {
  const { verify } = session.texts;
  const names = tables.slice(0, NOT_COVERED_SHOWN).map((t) => `${t.table} (${verify.notCoveredBecause[t.why]})`);
  const more = tables.length - names.length;
  const list = [...names, ...(more > 0 ? [verify.andMore(more)] : [])].join(", ");
  for (const line of table([[verify.notCovered(list)]], LINE_MAX)) session.print(line);
}

/** What was accepted stays in sight: by table and reason, the newest last. */
function showAccepted({ rows, total }: AcceptedRows, session: Session): void {
  const { verify } = session.texts;
  session.print(session.style.dim(verify.accepted(total)));
  const groups = Map.groupBy(rows, (r) => JSON.stringify([r.table, r.reason, r.gone]));
  const lines = [...groups.values()].slice(-ACCEPTED_SHOWN).map((group) => {
    const last = group.at(-1);
    if (last === undefined) return [];
    const { table: name, key, reason, gone, index, time } = last;
    const what = group.length === 1 ? key : verify.manyRows(group.length);
    return [name, what, gone ? verify.acceptedGone : verify.acceptedAsIs, reason ?? "", `${index}`, isoTime(time)];
  });
  for (const line of table(lines, CELL_MAX)) session.print(session.style.dim(`  ${line}`));
}

function lastEvent({ lastEvent: last, equalsEvent }: Finding, { texts: { verify } }: Session): string {
  if (last === null) return verify.noEvent;
  const event = verify.event(last.index, isoTime(last.time), last.actor ?? verify.unknownActor);
  return equalsEvent === undefined ? event : verify.equals(equalsEvent, event);
}

function evidence(report: VerifyReport, { texts: { verify } }: Session): string[][] {
  const { checkpoint } = report;
  return [
    [verify.modeLabel, verify.mode[report.mode]],
    [verify.rows, String(report.rows)],
    [verify.position, report.position ?? "–"],
    [verify.checkpoint, `${checkpoint.origin} ${checkpoint.size} ${checkpoint.root.slice(0, 16)}…`],
    [verify.seconds, report.seconds.toFixed(1)],
  ];
}
