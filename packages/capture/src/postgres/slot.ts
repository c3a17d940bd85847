/** The replication slot: the database's memory of how far we have read. It holds WAL back, so it is watched. */
import type { Client } from "pg";
import { captureError } from "../errors.ts";
import { parseLsn } from "./lsn.ts";
import { type ConnectOptions, connect, leave, quoteName, quoteText, sqlState, withClient } from "./session.ts";

export interface SlotState {
  readonly active: boolean;
  /** Everything before it was acknowledged; the stream goes on here. */
  readonly confirmed: bigint | undefined;
  /** Bytes of WAL that the slot keeps from being removed. */
  readonly retainedBytes: number;
  /** Bytes that may still be written before the database gives the slot up; undefined = no limit is set. */
  readonly safeBytes: number | undefined;
  /** The database has removed WAL that the slot needed: it is of no use any more. */
  readonly lost: boolean;
}

export async function readSlot(client: Client, slot: string): Promise<SlotState | undefined> {
  const { rows } = await client.query<{
    active: boolean;
    confirmed: string | null;
    retained: number | null;
    safe: number | null;
    status: string | null;
  }>(
    `SELECT active, confirmed_flush_lsn::text AS confirmed, safe_wal_size::float8 AS safe, wal_status AS status,
            pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn)::float8 AS retained
       FROM pg_catalog.pg_replication_slots WHERE slot_name = ${quoteText(slot)} AND slot_type = 'logical'
        AND database = pg_catalog.current_database()`,
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    active: row.active,
    confirmed: row.confirmed === null ? undefined : parseLsn(row.confirmed),
    retainedBytes: row.retained ?? 0,
    safeBytes: row.safe ?? undefined,
    lost: row.status === "lost",
  };
}

export interface NewSlot {
  /** Transactions with a commit position at or after this one will be streamed; the snapshot shows all others. */
  readonly position: bigint;
  readonly snapshot: string;
  /** The connection that keeps the exported snapshot alive, until it is closed or used again. */
  readonly holder: Client;
}

export interface SlotOptions {
  readonly name: string;
  /** Gone with its connection: for a snapshot at a known position. */
  readonly temporary: boolean;
  /** Making a slot waits for every transaction under way to end; after this long it is given up. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Makes a slot and exports its snapshot.
 * @throws AnamnesisError `capture/slot-blocked` naming the oldest transaction, `capture/no-slot-free`,
 *   `capture/no-replication-right`, `capture/stopped`.
 */
export async function createSlot(options: ConnectOptions, how: SlotOptions): Promise<NewSlot> {
  const holder = await connect({ ...options, replication: true });
  let why: "deadline" | "stopped" | undefined;
  const giveUp = (reason: "deadline" | "stopped"): void => {
    why ??= reason;
    holder.connection.stream.destroy();
  };
  const onAbort = (): void => giveUp("stopped");
  const timer = setTimeout(() => void nameBlocker(options).finally(() => giveUp("deadline")), how.deadlineMs);
  let blocker: Blocker | undefined;
  const nameBlocker = async (at: ConnectOptions): Promise<void> => {
    blocker = await withClient(at, oldestTransaction).catch(() => undefined);
  };
  how.signal.addEventListener("abort", onAbort, { once: true });
  if (how.signal.aborted) onAbort();
  try {
    const { rows } = await holder.query<{ consistent_point: string; snapshot_name: string }>(
      `CREATE_REPLICATION_SLOT ${quoteName(how.name)} ${await kindOf(how, holder)}`,
    );
    const row = rows[0];
    if (row === undefined) throw captureError("capture/stream-failed", "the database made no slot");
    return { position: parseLsn(row.consistent_point), snapshot: row.snapshot_name, holder };
  } catch (cause) {
    await leave(holder);
    if (why === "stopped") throw captureError("capture/stopped", "stopped while waiting for the slot");
    if (why === "deadline") throw blocked(blocker, how.deadlineMs);
    throw slotProblem(cause);
  } finally {
    clearTimeout(timer);
    how.signal.removeEventListener("abort", onAbort);
  }
}

/** From PostgreSQL 17 on a slot can be kept on standbys as well (`sync_replication_slots`), and then outlives a fail-over. */
async function kindOf({ temporary }: SlotOptions, client: Client): Promise<string> {
  if (temporary) return "TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT";
  const { rows } = await client.query<{ server_version_num: string }>("SHOW server_version_num");
  return Number(rows[0]?.server_version_num) >= FAILOVER_SINCE
    ? "LOGICAL pgoutput (SNAPSHOT 'export', FAILOVER)"
    : "LOGICAL pgoutput EXPORT_SNAPSHOT";
}

const FAILOVER_SINCE = 170_000;

/** Drops the slot if this database has it: names of slots hold for the whole server. @throws AnamnesisError `capture/slot-busy` while someone streams from it. */
export async function dropSlot(client: Client, slot: string): Promise<void> {
  try {
    await client.query(
      `SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots
        WHERE slot_name = ${quoteText(slot)} AND database = pg_catalog.current_database()`,
    );
  } catch (cause) {
    throw slotProblem(cause);
  }
}

/** Ends the server's process `pid` if it is the one that holds the slot. */
export async function endHolder(client: Client, slot: string, pid: number): Promise<void> {
  await client.query(
    `SELECT pg_catalog.pg_terminate_backend(active_pid) FROM pg_catalog.pg_replication_slots
      WHERE slot_name = ${quoteText(slot)} AND active_pid = ${Math.trunc(pid)}`,
  );
}

interface Blocker {
  readonly pid: number;
  readonly seconds: number;
}

async function oldestTransaction(client: Client): Promise<Blocker | undefined> {
  const { rows } = await client.query<Blocker>(
    `SELECT pid, extract(epoch FROM pg_catalog.now() - xact_start)::int AS seconds FROM pg_catalog.pg_stat_activity
      WHERE backend_xid IS NOT NULL AND pid <> pg_catalog.pg_backend_pid() ORDER BY xact_start LIMIT 1`,
  );
  return rows[0];
}

function blocked(blocker: Blocker | undefined, deadlineMs: number) {
  const who = blocker === undefined ? "" : `: process ${blocker.pid} has had one open for ${blocker.seconds} s`;
  return captureError("capture/slot-blocked", `a slot cannot be made while older transactions are open${who}`, {
    deadlineMs,
    ...(blocker === undefined ? {} : { pid: blocker.pid, seconds: blocker.seconds }),
  });
}

export function slotProblem(cause: unknown) {
  const state = sqlState(cause) ?? "";
  if (state === "53400") {
    return captureError("capture/no-slot-free", "all replication slots are taken: raise max_replication_slots");
  }
  if (state === "55006") return captureError("capture/slot-busy", "another process streams from our slot: stop it");
  if (state === "42710") {
    const message = "another database of this server has a slot of this name: give one of the two sources another name";
    return captureError("capture/slot-busy", message);
  }
  if (state === "42501") {
    return captureError("capture/no-replication-right", "the role may not replicate: ALTER ROLE … REPLICATION");
  }
  if (state === "55000") return captureError("capture/wal-level", "logical decoding is off: set wal_level = logical");
  return captureError("capture/stream-failed", `the database refused a replication slot (${state || "no SQLSTATE"})`);
}
