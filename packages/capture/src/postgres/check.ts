/**
 * `source check`: what capture would do with this database, what it needs first, and what that costs. It changes nothing;
 * `applyPreparation` runs the printed statements when the operator says so.
 */
import type { Client } from "pg";
import { captureError } from "../errors.ts";
import { RETENTION_LIMITS, type RetentionLimits } from "../limits/retention.ts";
import type { Identity } from "../source.ts";
import type { SubjectMapping } from "../subjects.ts";
import { type CatalogOptions, type PgTable, qualified, readTables, readUnlogged } from "./catalog.ts";
import { type Rights, readRights } from "./check-rights.ts";
import { mustPublishGenerated, objectName, publicationSql, publishedTables, withdrawalSql } from "./publication.ts";
import { quoteName, quoteText, sqlState, withClient } from "./session.ts";
import { readSlot, type SlotState } from "./slot.ts";

export interface CheckOptions extends CatalogOptions {
  readonly url: string;
  readonly name: string;
  /** How much WAL a running capture lets the server keep for it. */
  readonly limits?: RetentionLimits;
}

export interface Statement {
  readonly sql: string;
  /** Why, which lock it takes, and what it costs from then on. */
  readonly why: string;
  readonly lock: string;
  readonly cost: string;
  /** Without it the table (or everything) is not captured; the others are advice. */
  readonly required: boolean;
}

export interface TableCheck {
  readonly name: string;
  /** `forbidden`: it could be captured, but this role may not read it. */
  readonly status: "captured" | "refused" | "forbidden";
  /** One sentence. */
  readonly why: string;
  readonly identity: Identity;
  readonly key: readonly string[];
  readonly subjects: { readonly columns: readonly string[]; readonly because: SubjectMapping["because"] };
  /** Columns whose large values an update may leave out: commitments then cover keyed digests of long values. */
  readonly largeColumns: readonly string[];
  /** By the newest ANALYZE; null when there never was one. */
  readonly rows: number | null;
  readonly statements: readonly Statement[];
}

export interface SourceCheck {
  readonly version: string;
  readonly publication: string;
  readonly slot: SlotState | undefined;
  /** How much WAL slots may keep, as the server says it (`max_slot_wal_keep_size`); `-1` is all of it. */
  readonly walKept: string;
  /** Where a running capture warns and where it gives the slot up. */
  readonly limits: RetentionLimits;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly tables: readonly TableCheck[];
  /** Names of tables and partitions whose writes are not in the server's log: nothing can capture them. */
  readonly unlogged: readonly string[];
  /** Preparation that is not about one table. */
  readonly statements: readonly Statement[];
  /** Nothing required is missing. */
  readonly ready: boolean;
}

const VERSION_MIN = 140_000;

/** @throws AnamnesisError `capture/cannot-connect`, `capture/session-not-pinned`. */
export async function checkSource(options: CheckOptions): Promise<SourceCheck> {
  return withClient(options, async (client) => {
    const server = await readServer(client);
    const tables = await readTables(client, options);
    const unlogged = await readUnlogged(client, options);
    const publication = objectName(options.name);
    const published = await publishedTables(client, publication);
    const rights = await readRights(client, publication);
    const usable = tables.filter((t) => t.identity !== "nothing");
    const generated = await mustPublishGenerated(client, publication);
    const adding = usable.length === 0 ? [] : publicationSql(publication, usable, published, generated);
    const withdrawal = withdrawalSql(publication, tables, published);
    const mayChange = mayPublish(rights, usable, published);
    const statements = [
      ...(withdrawal === undefined ? [] : [withdrawing(withdrawal)]),
      ...adding.map((sql) => publishing(sql, !mayChange)),
    ];
    const slot = await readSlot(client, publication);
    const checked = tables.map((t) => checkTable(t, rights));
    const problems = [
      ...serverProblems(server, slot),
      ...tableProblems(tables, checked, published),
      ...(adding.length > 0 && !mayChange ? [NO_PUBLICATION] : []),
    ];
    const ready = problems.length === 0;
    const { version, walKept } = server;
    const { limits = RETENTION_LIMITS } = options;
    return { version, publication, slot, walKept, limits, problems, tables: checked, unlogged, statements, ready };
  });
}

/** Only an owner may put a table into a publication. */
function mayPublish(rights: Rights, usable: readonly PgTable[], published: ReadonlySet<string> | undefined): boolean {
  const missing = usable.filter((t) => published?.has(t.name) !== true);
  return rights.mayPublish && missing.every((t) => rights.tables.get(t.oid)?.owns === true);
}

/** Runs statements of a check, each in a transaction of its own with a lock timeout. Gives those that were run. */
export async function applyPreparation(url: string, statements: readonly Statement[]): Promise<readonly string[]> {
  return withClient({ url }, async (client) => {
    const done: string[] = [];
    for (const { sql } of statements) {
      try {
        await client.query("BEGIN");
        await client.query("SET LOCAL lock_timeout = '2s'");
        await client.query(sql);
        await client.query("COMMIT");
      } catch (cause) {
        await client.query("ROLLBACK").catch(() => undefined);
        throw captureError("capture/stream-failed", `the database refused: ${sql} (${sqlState(cause) ?? "?"})`);
      }
      done.push(sql);
    }
    return done;
  });
}

/** The statements as a script that a database administrator can read and run. */
export function preparationScript(check: SourceCheck): string {
  const all = [...check.tables.flatMap((t) => t.statements), ...check.statements];
  const lines = all.map(
    (s) => `-- ${s.why} Lock: ${s.lock}. Cost: ${s.cost}.\n${s.required ? "" : "-- optional: "}${s.sql};`,
  );
  return all.length === 0 ? "" : `SET lock_timeout = '2s';\n${lines.join("\n")}\n`;
}

function checkTable(table: PgTable, rights: Rights): TableCheck {
  const name = (index: number): string => table.columns[index]?.name ?? "?";
  const large = table.columns.filter((c) => c.large).map((c) => c.name);
  const largeColumns = table.identity === "key" ? large : [];
  const mayRead = rights.tables.get(table.oid)?.mayRead === true;
  const forbidden = table.identity !== "nothing" && !mayRead;
  return {
    name: table.name,
    status: table.identity === "nothing" ? "refused" : forbidden ? "forbidden" : "captured",
    why: forbidden ? "this role may not read it" : verdict(table, largeColumns),
    identity: table.identity,
    key: table.keyColumns.map(name),
    subjects: { columns: table.subjectColumns.map(name), because: table.subjectsBecause },
    largeColumns,
    rows: rights.tables.get(table.oid)?.rows ?? null,
    statements: [
      ...(mayRead ? [] : [granting(table, rights.role)]),
      ...identityStatements(table, largeColumns.length > 0),
    ],
  };
}

function verdict(table: PgTable, large: readonly string[]): string {
  if (table.identity === "nothing") {
    if (table.carriers.some((c) => c.virtual)) {
      return "identity FULL, or no key, beside a virtual generated column: publishing it would make the owner's own UPDATE fail";
    }
    return "no usable identity: an update could not be tied to its row, and publishing it would make the owner's own UPDATE fail";
  }
  if (table.identity === "full")
    return table.keyColumns.length > 0 ? "complete rows" : "complete rows, counted as a multiset";
  if (large.length === 0) return "by key; no column can be left out of an update";
  return "by key; large values that an update leaves alone are vouched for by a keyed digest, which capture remembers";
}

function identityStatements(table: PgTable, advised: boolean): readonly Statement[] {
  if (table.identity !== "nothing" && !advised) return [];
  const keyed = table.keyColumns.length > 0;
  return table.carriers
    .filter((c) => (c.virtual ? keyed && c.identity === "n" : c.identity !== "f"))
    .map((carrier) => ({
      sql: `ALTER TABLE ${qualified(carrier)} REPLICA IDENTITY ${carrier.virtual ? "DEFAULT" : "FULL"}`,
      why:
        table.identity === "nothing"
          ? "Without it the table is left out."
          : "Vouches for a row also when its patient changes, and needs no memory of large values.",
      lock: "ACCESS EXCLUSIVE for an instant (catalog only, nothing is rewritten)",
      cost: "each UPDATE and DELETE writes the old row to the WAL as well (about +40 % WAL per update)",
      required: table.identity === "nothing",
    }));
}

const granting = (table: PgTable, role: string): Statement => ({
  sql: `GRANT USAGE ON SCHEMA ${quoteName(table.schema)} TO ${quoteName(role)}; GRANT SELECT ON ${qualified(table)} TO ${quoteName(role)}`,
  why: "Lets the role read the table for snapshot and verification.",
  lock: "none that anybody waits for",
  cost: "none",
  required: true,
});

const withdrawing = (sql: string): Statement => ({
  sql,
  why: "These tables have lost their key: while they are published, the database refuses their owner's UPDATE and DELETE.",
  lock: "SHARE UPDATE EXCLUSIVE on each table (reads and writes go on)",
  cost: "their changes are no longer captured",
  required: true,
});

const publishing = (sql: string, required: boolean): Statement => ({
  sql,
  why: "Tells the database what to send; made by capture itself when it starts, if its role may.",
  lock: "SHARE UPDATE EXCLUSIVE on each table (reads and writes go on)",
  cost: "none by itself; but a captured table that loses its key would block its owner's UPDATE until it is taken out of the publication",
  required,
});

interface Server {
  readonly version: string;
  readonly number: number;
  readonly wal: string;
  readonly walKept: string;
  readonly mayReplicate: boolean;
  readonly slots: number;
  readonly slotsMax: number;
  readonly senders: number;
  readonly sendersMax: number;
}

async function readServer(client: Client): Promise<Server> {
  const setting = (name: string) => `pg_catalog.current_setting(${quoteText(name)})`;
  const { rows } = await client.query<Server>(
    `SELECT ${setting("server_version")} AS version, ${setting("server_version_num")}::int AS number,
            ${setting("wal_level")} AS wal, ${setting("max_slot_wal_keep_size")} AS "walKept",
            (SELECT rolreplication OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS "mayReplicate",
            (SELECT count(*)::int FROM pg_catalog.pg_replication_slots) AS slots,
            ${setting("max_replication_slots")}::int AS "slotsMax",
            (SELECT count(*)::int FROM pg_catalog.pg_stat_replication) AS senders,
            ${setting("max_wal_senders")}::int AS "sendersMax"`,
  );
  const row = rows[0];
  if (row === undefined) throw captureError("capture/stream-failed", "the database does not describe itself");
  return row;
}

const NO_TABLES = { code: "capture/no-tables", message: "no table can be captured: see what each one needs" };

const NO_PUBLICATION = {
  code: "capture/no-publication-right",
  message: "this role may not publish the tables: run the required statements as their owner",
};

function tableProblems(
  tables: readonly PgTable[],
  checked: readonly TableCheck[],
  published: ReadonlySet<string> | undefined,
) {
  const broken = tables.filter((t) => t.identity === "nothing" && published?.has(t.name) === true);
  const forbidden = checked.filter((t) => t.status === "forbidden");
  return [
    ...(checked.some((t) => t.status === "captured") ? [] : [NO_TABLES]),
    ...broken.map((t) => ({
      code: "capture/table-refused",
      message: `${t.name} is published but has no usable key: its owner's UPDATE is refused until it is taken out`,
    })),
    ...(forbidden.length === 0
      ? []
      : [{ code: "capture/no-read-right", message: `this role may not read ${forbidden.length} of the tables` }]),
  ];
}

function serverProblems(s: Server, slot: SlotState | undefined) {
  const problems: { code: string; message: string }[] = [];
  const add = (bad: boolean, code: string, message: string): void => {
    if (bad) problems.push({ code, message });
  };
  add(s.number < VERSION_MIN, "capture/unsupported-version", `PostgreSQL ${s.version}: 14 or later is needed`);
  add(
    s.wal !== "logical",
    "capture/wal-level",
    `wal_level is ${s.wal}: ALTER SYSTEM SET wal_level = 'logical' and restart`,
  );
  add(!s.mayReplicate, "capture/no-replication-right", "the role may not replicate: ALTER ROLE … REPLICATION");
  add(
    slot === undefined && s.slots >= s.slotsMax,
    "capture/no-slot-free",
    `all ${s.slotsMax} replication slots are taken: raise max_replication_slots`,
  );
  // A baseline at a later position borrows a second one for a moment.
  add(s.senders + 1 > s.sendersMax, "capture/no-slot-free", "all WAL senders are taken: raise max_wal_senders");
  add(
    slot?.lost === true,
    "capture/slot-lost",
    "our slot lost its WAL: capture will declare a gap and start a new one",
  );
  return problems;
}
