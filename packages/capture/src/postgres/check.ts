/**
 * `source check`: what capture would do with this database, what it needs first, and what that costs. It changes nothing;
 * `applyPreparation` runs the printed statements when the operator says so.
 */
import type { Client } from "pg";
import { captureError } from "../errors.ts";
import type { Identity } from "../source.ts";
import type { SubjectMapping } from "../subjects.ts";
import { type CatalogOptions, type PgTable, qualified, readTables } from "./catalog.ts";
import { mustPublishGenerated, objectName, publicationSql, publishedTables } from "./publication.ts";
import { quoteText, sqlState, withClient } from "./session.ts";
import { readSlot, type SlotState } from "./slot.ts";

export interface CheckOptions extends CatalogOptions {
  readonly url: string;
  readonly name: string;
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
  readonly status: "captured" | "refused";
  /** One sentence. */
  readonly why: string;
  readonly identity: Identity;
  readonly key: readonly string[];
  readonly subjects: { readonly columns: readonly string[]; readonly because: SubjectMapping["because"] };
  /** Columns whose large values an update may leave out: such a row is unvouched until it is written whole again. */
  readonly unvouchedColumns: readonly string[];
  readonly rows: number;
  readonly statements: readonly Statement[];
}

export interface SourceCheck {
  readonly version: string;
  readonly publication: string;
  readonly slot: SlotState | undefined;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly tables: readonly TableCheck[];
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
    const publication = objectName(options.name);
    const published = await publishedTables(client, publication);
    const usable = tables.filter((t) => t.identity !== "nothing");
    const generated = await mustPublishGenerated(client, publication);
    const statements =
      usable.length === 0 ? [] : publicationSql(publication, usable, published, generated).map(publishing);
    const slot = await readSlot(client, publication);
    const problems = [...serverProblems(server, slot), ...(usable.length === 0 ? [NO_TABLES] : [])];
    const ready = problems.length === 0;
    return { version: server.version, publication, slot, problems, tables: tables.map(checkTable), statements, ready };
  });
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

function checkTable(table: PgTable): TableCheck {
  const name = (index: number): string => table.columns[index]?.name ?? "?";
  const large = table.columns.filter((c) => c.large).map((c) => c.name);
  const unvouchedColumns = table.identity === "key" ? large : [];
  return {
    name: table.name,
    status: table.identity === "nothing" ? "refused" : "captured",
    why: verdict(table, unvouchedColumns),
    identity: table.identity,
    key: table.keyColumns.map(name),
    subjects: { columns: table.subjectColumns.map(name), because: table.subjectsBecause },
    unvouchedColumns,
    rows: table.estimate,
    statements: identityStatements(table, unvouchedColumns.length > 0),
  };
}

function verdict(table: PgTable, unvouched: readonly string[]): string {
  if (table.identity === "nothing") {
    if (table.carriers.some((c) => c.virtual)) {
      return "identity FULL, or no key, beside a virtual generated column: publishing it would make the owner's own UPDATE fail";
    }
    return "no usable identity: an update could not be tied to its row, and publishing it would make the owner's own UPDATE fail";
  }
  if (table.identity === "full")
    return table.keyColumns.length > 0 ? "complete rows" : "complete rows, counted as a multiset";
  if (unvouched.length === 0) return "by key; no column can be left out of an update";
  return `by key; an update that leaves a large value of ${unvouched.join(", ")} alone makes the row unvouched`;
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
          : "Lets every update vouch for the whole row.",
      lock: "ACCESS EXCLUSIVE for an instant (catalog only, nothing is rewritten)",
      cost: "each UPDATE and DELETE writes the old row to the WAL as well (about +40 % WAL per update)",
      required: table.identity === "nothing",
    }));
}

const publishing = (sql: string): Statement => ({
  sql,
  why: "Tells the database what to send; made by capture itself when it starts, if its role may.",
  lock: "SHARE UPDATE EXCLUSIVE on each table (reads and writes go on)",
  cost: "none by itself",
  required: false,
});

interface Server {
  readonly version: string;
  readonly number: number;
  readonly wal: string;
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
            ${setting("wal_level")} AS wal,
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
