/** An evidence file as people and programs read it. */
import { toHex } from "@anamnesis/core";
import type { EvidenceVerdict } from "@anamnesis/node";
import type { Session } from "./session.ts";

export const evidenceDocument = ({ holds, refusal, finding, log }: EvidenceVerdict) => ({
  evidence: true,
  holds,
  kind: finding?.kind ?? null,
  refusal,
  log,
  finding,
});

export function showEvidence({ holds, refusal, finding, log }: EvidenceVerdict, session: Session): void {
  const { style } = session;
  const { evidence } = session.texts;
  if (log !== null) {
    session.print(style.bold(evidence.log(log.chain)));
    session.print(`  ${evidence.key(toHex(log.logKey))}`);
    session.print(`  ${evidence.genesis(toHex(log.genesis))}`);
    session.print(`  ${evidence.founders(log.founders)}; ${evidence.epoch(log.epoch)}`);
    if (log.trusted !== false) session.print(`  ${log.trusted === true ? evidence.trusted : evidence.compare}`);
  }
  if (finding !== null && holds) session.print(evidence.finding(finding));
  if (refusal !== null) session.print(`${refusal.code}: ${refusal.message}`);
  session.print(holds ? style.good(heldText(finding?.kind, session)) : style.bad(evidence.acquits));
}

const heldText = (kind: string | undefined, { texts: { evidence } }: Session): string =>
  kind === "withheld" || kind === "back-dated" ? evidence.testifies : evidence.convicts;
