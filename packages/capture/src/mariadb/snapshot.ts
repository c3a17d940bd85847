/** All rows as of one commit: InnoDB's consistent snapshot, and the place in the binary log that belongs to it. */
import type { Connection } from "mysql2";
import { captureError } from "../errors.ts";
import type { Snapshot, TableSchema } from "../source.ts";
import { type MariaTable, selectMaria } from "./catalog.ts";
import { connectMariadb, type MariadbAddress, quoteText } from "./connect.ts";
import { hangUp } from "./driver.ts";
import { endPosition, type Gtid, parseGtid } from "./gtid.ts";
import { explained } from "./problems.ts";
import { readRows, readTexts } from "./result.ts";
import { RowText } from "./row-text.ts";

/**
 * Begins a transaction on the connection; gives the newest commit that it sees, undefined = none was ever written.
 *
 * A commit stands in the log before others see it, so `gtid_binlog_pos` may be ahead of the snapshot. The server tells the
 * snapshot's place in the log; only where the log did not grow meanwhile is that the end, whose number is known.
 */
export async function beginSnapshot(connection: Connection): Promise<Gtid | undefined> {
  await readTexts(connection, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  const newest = await binlogPosition(connection);
  const [end] = await readTexts(connection, "SHOW MASTER STATUS");
  await readTexts(connection, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  const status = new Map<string, string>();
  for (const [name, value] of await readTexts(connection, "SHOW SESSION STATUS LIKE 'binlog_snapshot_%'"))
    status.set((name ?? "").toLowerCase(), value ?? "");
  const [file, place] = [status.get("binlog_snapshot_file") ?? "", status.get("binlog_snapshot_position") ?? ""];
  if (!/^\d+$/.test(place) || file === "") throw noLog();
  if (file === end?.[0] && place === end?.[1] && newest === (await binlogPosition(connection)))
    return parseGtid(newest);
  // Otherwise the server looks through that file of its log.
  const [row] = await readTexts(connection, `SELECT BINLOG_GTID_POS(${quoteText(file)}, ${place})`);
  const position = row?.[0];
  if (position === null || position === undefined) throw noLog();
  return parseGtid(position);
}

export async function binlogPosition(connection: Connection): Promise<string> {
  const [row] = await readTexts(connection, "SELECT @@GLOBAL.gtid_binlog_pos, @@GLOBAL.log_bin");
  if (row?.[1] !== "1") throw noLog();
  return row[0] ?? "";
}

const noLog = () =>
  captureError(
    "capture/binlog-format",
    "the server writes no binary log: set log_bin and binlog_format = ROW, and restart it",
  );

/** `prepare` runs in the snapshot, before anything else is read in it. */
export async function openMariaSnapshot(
  address: MariadbAddress,
  tables: ReadonlyMap<string, MariaTable>,
  prepare: (connection: Connection) => Promise<void> = async () => undefined,
): Promise<Snapshot & { readonly gtid: Gtid | undefined }> {
  const connection = await connectMariadb(address);
  try {
    return await explained("read a snapshot", async () => {
      const gtid = await beginSnapshot(connection);
      await prepare(connection);
      const [row] = await readTexts(connection, "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS INTEGER)");
      return {
        gtid,
        position: endPosition(gtid?.sequence ?? 0n),
        time: Number(row?.[0] ?? 0),
        rows: (table, onRow, signal) =>
          explained("read a table", () => readTable(connection, tables, table, onRow, signal)),
        close: async () => hangUp(connection),
      };
    });
  } catch (cause) {
    hangUp(connection);
    throw cause;
  }
}

async function readTable(
  connection: Connection,
  tables: ReadonlyMap<string, MariaTable>,
  table: TableSchema,
  onRow: (row: Uint8Array) => void | Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  const known = tables.get(table.name);
  if (known === undefined) throw captureError("capture/table-refused", "the table is not captured");
  return readTableRows(connection, known, "", onRow, signal);
}

/** Row bytes of the rows that `where` (empty = all) leaves. */
export function readTableRows(
  connection: Connection,
  table: MariaTable,
  where: string,
  onRow: (row: Uint8Array) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<number> {
  const text = new RowText(table.columns.map((c) => c.form));
  return readRows(connection, `${selectMaria(table)}${where}`, (buffer, at) => onRow(text.row(buffer, at)), signal);
}
