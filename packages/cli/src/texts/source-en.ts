/** What the commands of `source` say, in English. */

const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

export const sourceEn = {
  added: (name: string, url: string) => `Added the source ${name}: ${url}`,
  next: "Next: see what it needs",
  pushNext: (name: string, dir: string) =>
    `Next: let the sender POST to /sources/${name}/debezium with the push_token of ${dir}/anamnesis.toml, and run anamnesis node --dir ${dir}`,
  accepted: (n: number, table: string, reason: string) => `Accepted ${count(n, "row")} of ${table}: ${reason}.`,
  moved: (name: string, url: string, reason: string) =>
    `${name} is at ${url} from now on (${reason}). Restart the node; rows that differ from what was vouched for stay findings.`,
  none: "No sources yet.",
  tables: "tables",
  reachable: "The database answers",
  needs: "Statements that would prepare it",
  nothing: "Nothing is left to prepare.",
  applied: (n: number) => `Ran ${count(n, "statement")}.`,
  cannotSee: "What this source cannot see",
  problem: "PROBLEM",
  status: { captured: "captured", refused: "refused", forbidden: "not readable" },
  columns: { table: "TABLE", rows: "ROWS (ABOUT)", patient: "PATIENT", key: "KEY", large: "LARGE VALUES" },
  required: "required",
  optional: "optional",
  moreStatements: (n: number) => `… and ${n} more: --json shows them all`,
  unlogged: (names: string) =>
    `Not in the database's log, so they cannot be captured: ${names}. Remedy: ALTER TABLE … SET LOGGED (rewrites the table; nobody can use it meanwhile).`,
  log: "Binary log",
  logKeeps: (files: number, mebibytes: number) => `The server keeps ${count(files, "file")} of it, ${mebibytes} MiB.`,
  logCost: (hours: number | undefined) =>
    hours === undefined
      ? "It is never removed by age, so a capture that was down finds everything; the server's disk must have room for it."
      : `Files older than ${hours} h are removed, whether capture has read them or not: a capture that is down for longer has a gap, which it declares.`,
  slot: (name: string) => `Replication slot ${name}`,
  slotToMake: "Not there yet: capture makes it when it first starts.",
  slotKeeps: (mebibytes: number) => `It holds back ${mebibytes} MiB of WAL now.`,
  slotLimits: (warn: number, giveUp: number) =>
    `While capture runs it warns from ${warn} MiB on, and gives the slot up at ${giveUp} MiB (wal_warn, wal_give_up).`,
  slotCost: (limit: string | undefined) =>
    `While capture is down the database keeps its WAL for it, at most max_slot_wal_keep_size: ${
      limit ??
      "now -1, which is no limit, so a dead capture can fill its disk. Set one, as a superuser: ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'; SELECT pg_reload_conf()"
    }.`,
  lock: "Lock",
  cost: "Cost",
};
