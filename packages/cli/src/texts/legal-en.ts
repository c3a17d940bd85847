/** What `demo legal` says, in English. */
import type { LegalWhy } from "@anamnesis/sandbox";

const rows = (n: number): string => `${n} ${n === 1 ? "row" : "rows"}`;

export const legalEn = {
  about: "a year of legal work on the database under writes; ends with 1 if verification raises a false alarm",
  dir: "work in this folder (default: a temporary one)",
  writes: "legal row writes of the ward, at least",
  title: "What a hospital does to its own database, and what verification says",
  silent: (seconds: string) => `nothing found, ${seconds} s`,
  compared: (why: string, seconds: string) => `nothing found, ${seconds} s: ${why}`,
  declared: (n: number, why: string) => `${rows(n)} unvouched for a while: ${why}`,
  reason: (n: number, why: string) => `${rows(n)} found until somebody said why: ${why}`,
  why: {
    "new-columns":
      "the newest event covers other columns; capture compared each row under the columns of before, and it was the same",
    "cast-back": "a type changed; capture cast each value back to the type of before, and it was the same",
    labels:
      "a value of an enumeration is called otherwise; capture put its former name back, and each row was the same",
    "column-gone": "a column is gone, and with it what was vouched for: nobody can compare any more",
    "other-key":
      "another key names the rows; capture held each against what its former name vouched for, and it was the same",
    "text-lost": "values are written otherwise, and some cannot be cast back without loss",
    attached: "rows came with a partition that was attached: the database's log does not tell of them",
    detached: "rows left with a partition that was detached: the database's log does not tell of them",
    dropped: "a table was dropped with its rows",
  } satisfies Record<LegalWhy, string>,
  moves: {
    failOver: "Fail-over: a standby took over when the first server was killed; capture had seen all",
    restore: "Dump and restore into a new server: another life, declared as a gap; every row was the same",
  },
  alarms: (n: number, examples: string) => `false alarms: ${n}: ${examples}`,
  sum: (kinds: number, writes: number, alarms: number) =>
    `${kinds} kinds of legal work, ${writes} legal row writes, false alarms: ${alarms}`,
};
