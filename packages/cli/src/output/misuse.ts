/** Findings as questions that can be read aloud, and what was not looked at. */
import type { Misuse, MisuseFinding } from "@anamnesis/node";
import type { Texts } from "../texts/en.ts";
import type { Session } from "./session.ts";
import { table } from "./table.ts";
import { isoTime } from "./time.ts";

/** Log indices shown per finding; --json lists all that are named. */
const EVENTS_SHOWN = 8;

/** The report for machines: times in ISO 8601, each reason also as a sentence. */
export function misuseDocument(found: Misuse, { misuse }: Texts) {
  return {
    ...found,
    findings: found.findings.map((finding) => ({
      ...finding,
      first: isoTime(finding.first),
      last: isoTime(finding.last),
      reasons: finding.reasons.map((reason) => ({ ...reason, says: misuse.reason(reason) })),
      named: finding.named.map((access) => ({ ...access, time: isoTime(access.time) })),
    })),
  };
}

export function showMisuse(found: Misuse, session: Session, limit: number): void {
  const { style, texts } = session;
  const { misuse } = texts;
  const { findings } = found;
  if (findings.length === 0) session.print(style.good(misuse.none(found.accesses)));
  else {
    session.print(style.bad(misuse.found(findings.length, found.accesses)));
    session.print(misuse.ethics);
    findings.slice(0, limit).forEach((finding, i) => showFinding(finding, i + 1, session));
    session.print();
    if (findings.length > limit) session.print(misuse.more(findings.length - limit));
    if (found.more > 0) session.print(misuse.beyond(found.more));
  }
  showLimits(found, session);
}

function showFinding(finding: MisuseFinding, number: number, { style, texts, print }: Session): void {
  const { misuse } = texts;
  const { actor, role, patient, patients, score, accesses, named } = finding;
  const who = misuse.person(actor, role);
  const whom = patient === null ? misuse.manyPatients(patients) : misuse.onePatient(patient);
  print();
  for (const line of table([[`${number}.`, who, "→", whom, misuse.score(score.toFixed(1))]])) print(style.bold(line));
  print(`   ${misuse.accesses(accesses, isoTime(finding.first), isoTime(finding.last))}`);
  for (const reason of finding.reasons) print(`   – ${misuse.reason(reason)}`);
  const shown = named.slice(0, EVENTS_SHOWN).map((access) => access.index);
  print(style.dim(`   ${misuse.events(shown.join(", "), accesses - shown.length)}`));
}

function showLimits(found: Misuse, { style, texts, print }: Session): void {
  const { misuse } = texts;
  const asked = found.facts.map(({ query, from, rows }) => {
    return `${misuse.queries[query]} ${from === "none" ? "–" : rows} (${misuse.from[from]})`;
  });
  print(style.dim(`${misuse.asked}: ${asked.join(", ")}`));
  const lines = [
    ...found.skipped.map(({ rule, missing }) =>
      missing.length === 0
        ? misuse.switchedOff(rule)
        : misuse.skipped(rule, missing.map((need) => misuse.needs[need]).join(", ")),
    ),
    ...amount(found.unattributed, misuse.unattributed),
    ...amount(found.withoutPatient, misuse.withoutPatient),
    ...amount(found.unknownActors.accesses, (n) => misuse.unknownActors(found.unknownActors.actors, n)),
    ...amount(found.exempt, misuse.exempt),
    ...amount(found.closedEarly, misuse.closedEarly),
  ];
  if (lines.length === 0) return;
  print(style.dim(`${misuse.notLooked}:`));
  for (const line of lines) print(style.dim(`  ${line}`));
}

const amount = (n: number, say: (n: number) => string): string[] => (n === 0 ? [] : [say(n)]);
