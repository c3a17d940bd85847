/** What `demo attacks` says, in English. */
import type { AttackName } from "@anamnesis/sandbox";
import type { Step } from "../demo/attacks/play.ts";

const rows = (n: number): string => `${n} ${n === 1 ? "row" : "rows"}`;

export const attacksEn = {
  about: "every known way past capture, each on a hospital of its own; ends with 1 unless every row is named",
  dir: "work in this folder (default: a temporary one); each hospital is removed when it is done",
  only: "only these attacks, with commas between",
  count: "rows to alter by each attack, at least",
  title: "What an insider can do behind capture, and what verification says",
  names: {
    publication: "Table out of the publication, written, and back, in one transaction",
    partition: "Partitions attached with rows, changed while detached, detached for good",
    "slot-advanced": "Capture stopped, rows changed, the slot moved past them",
    "slot-recreated": "The slot dropped and made anew while rows change",
    pages: "Data files changed while the server is stopped, page checksums put right",
    "older-folder": "An older copy of the data folder put back",
    "older-folder-replayed": "The same, and similar writes until the log is as long as it was",
    "table-restore": "Single tables restored from a dump, triggers off, out of the publication",
    "changed-back": "Capture stopped, rows changed, half of them changed back",
  } satisfies Record<AttackName, string>,
  steps: {
    hospital: "a hospital of its own",
    attack: "the attack, the ward at work",
    verify: "verification, in both modes",
    rebaseline: "capture looks anew: restart, another slot, all local notes gone, new columns",
  } satisfies Record<Step, string>,
  found: (planted: number, tables: number, found: number, kinds: string) =>
    `${rows(planted)} of ${tables} tables altered; named one by one: ${found} (${kinds})`,
  falseAlarms: (n: number, writes: number) => `false alarms: ${n}, beside ${writes} legal writes of the ward`,
  undone: (n: number) => `${rows(n)} changed and changed back: rightly not named`,
  open: (n: number) => `${rows(n)} restored openly: events by an unknown actor, and no alteration`,
  overwritten: (n: number) => `${rows(n)} written again by the ward since: their newest event counts`,
  equals: (n: number) => `${rows(n)} put back: verification says which older event they equal`,
  anew: "after a restart, another slot, the loss of all local notes and a new column in each table: the same findings",
  blessed: "after a restart, another slot, the loss of all local notes and a new column the findings were others",
  cannot: "this did not hold",
};
