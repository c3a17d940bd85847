/** A verification as people read it: a calm table, the evidence used, the position. */
import type { Finding, VerifyReport } from "@anamnesis/capture";
import type { Session } from "./session.ts";
import { CELL_MAX, table } from "./table.ts";
import { isoTime } from "./time.ts";

/** Findings shown; --json lists all. */
const FINDINGS_SHOWN = 50;

export function showReport(report: VerifyReport, session: Session): void {
  const { texts, style } = session;
  const { verify } = texts;
  const { altered, missing, unexplained, unvouched } = report;
  const findings = [...altered, ...missing, ...unexplained, ...unvouched];
  const { totals } = report;
  const all = totals.altered + totals.missing + totals.unexplained + totals.unvouched;
  if (all === 0) session.print(style.good(verify.clean(report.rows)));
  else showFindings(findings, all, session);
  if (totals.erased > 0) session.print(verify.erasedNote(totals.erased));
  if (report.unattributed > 0) session.print(style.dim(verify.unattributed(report.unattributed)));
  for (const line of table(evidence(report, session))) session.print(style.dim(line));
}

function showFindings(findings: readonly Finding[], all: number, session: Session): void {
  const { verify } = session.texts;
  const { columns } = verify;
  session.print(session.style.bad(verify.found(all)));
  const head = [columns.finding, columns.table, columns.key, columns.last];
  const rows = findings
    .slice(0, FINDINGS_SHOWN)
    .map((f) => [verify.kind[f.kind], f.table, f.key, lastEvent(f, session)]);
  for (const line of table([head, ...rows], CELL_MAX)) session.print(`  ${line}`);
  if (all > FINDINGS_SHOWN) session.print(`  ${verify.more(all - Math.min(FINDINGS_SHOWN, findings.length))}`);
}

function lastEvent({ lastEvent: last }: Finding, { texts: { verify } }: Session): string {
  return last === null
    ? verify.noEvent
    : verify.event(last.index, isoTime(last.time), last.actor ?? verify.unknownActor);
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
