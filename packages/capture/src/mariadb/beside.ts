/**
 * Reading tables beside the stream: each slice in a short transaction of its own, a stretch of the key wide. Nothing is
 * written: the snapshot's own commit is the marker, and passing it in the stream is what counts.
 */
import { toHex, utf8 } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import type { Connection } from "mysql2";
import { captureError } from "../errors.ts";
import { parseRow } from "../postgres/canonical.ts";
import type { Beside, Slice, SliceRequest, TableSchema } from "../source.ts";
import { type MariaTable, qualifiedMaria, sameShape } from "./catalog.ts";
import { connectMariadb, type MariadbAddress, quoteName } from "./connect.ts";
import { sqlCode } from "./connect-reason.ts";
import { hangUp, isOpen } from "./driver.ts";
import { endPosition, parseGtid } from "./gtid.ts";
import { atOrAfter, before, isOrdered, keyCondition } from "./key.ts";
import { explained } from "./problems.ts";
import { readRows, readTexts } from "./result.ts";
import { RowText } from "./row-text.ts";
import { toldOf } from "./settled.ts";
import { beginSnapshot, binlogPosition, readTableRows } from "./snapshot.ts";

/** The hospital's own work comes first: a table held for longer is tried again later. */
const LOCK_SECONDS_MAX = 2;

export interface BesideContext extends MariadbAddress {
  readonly primitives: Primitives;
  /** The tables as they are captured now. */
  readonly tables: () => ReadonlyMap<string, MariaTable>;
  /** All tables that could be, as the catalog says now; `before` as `toldOf` gave it. */
  readonly read: (connection: Connection, before: string | undefined) => Promise<readonly MariaTable[]>;
}

export async function openMariaBeside(context: BesideContext): Promise<Beside> {
  return new MariaBeside(context, await connectMariadb(context));
}

class MariaBeside implements Beside {
  readonly #context: BesideContext;
  #reader: Connection;
  #other: Connection | undefined;
  #told: string | undefined;

  constructor(context: BesideContext, reader: Connection) {
    this.#context = context;
    this.#reader = reader;
  }

  async fingerprint(): Promise<{ readonly text: string; readonly position: bigint }> {
    if (this.#other === undefined || !isOpen(this.#other)) this.#other = await connectMariadb(this.#context);
    const connection = this.#other;
    return explained("read its catalog", async () => {
      const newest = parseGtid(await binlogPosition(connection));
      this.#told = toldOf(await this.#context.read(connection, this.#told));
      return {
        text: toHex(this.#context.primitives.sha256(utf8(this.#told))),
        position: endPosition(newest?.sequence ?? 0n),
      };
    });
  }

  async open(table: TableSchema, request: SliceRequest): Promise<Slice | undefined> {
    const known = this.#context.tables().get(table.name);
    if (known === undefined) return undefined;
    if (!isOpen(this.#reader)) this.#reader = await connectMariadb(this.#context);
    const connection = this.#reader;
    return explained("read a table", async () => {
      await readTexts(connection, `SET SESSION lock_wait_timeout = ${LOCK_SECONDS_MAX}`);
      const newest = await beginSnapshot(connection);
      try {
        const stretch = (await isStill(connection, known)) ? await readStretch(connection, known, request) : undefined;
        if (stretch === undefined) await readTexts(connection, "ROLLBACK");
        return stretch && (await sliceOf(connection, known, newest?.sequence ?? 0n, stretch));
      } catch (error) {
        await readTexts(connection, "ROLLBACK").catch(() => undefined);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    hangUp(this.#reader);
    if (this.#other !== undefined) hangUp(this.#other);
  }
}

/** Takes the lock of a reader; from then on nobody changes the table. False when it is gone or another one. */
async function isStill(connection: Connection, table: MariaTable): Promise<boolean> {
  try {
    await readTexts(connection, `SELECT 1 FROM ${qualifiedMaria(table)} LIMIT 1`);
  } catch (cause) {
    const code = sqlCode(cause);
    if (code === "ER_NO_SUCH_TABLE" || code === "ER_BAD_DB_ERROR" || code === "ER_TABLE_DEF_CHANGED") return false;
    if (code !== "ER_LOCK_WAIT_TIMEOUT") throw cause;
    throw captureError("capture/timeout", "the table is held in an exclusive lock by another session", {
      table: table.name,
    });
  }
  return sameShape(connection, table);
}

interface Stretch {
  readonly where: string;
  readonly next: string | undefined;
}

async function readStretch(connection: Connection, table: MariaTable, request: SliceRequest): Promise<Stretch> {
  if (request.key !== undefined) return { where: keyCondition(table, request.key), next: undefined };
  if (request.rows === undefined || !isOrdered(table)) return { where: "", next: undefined };
  const from = request.from === undefined ? "" : atOrAfter(table, parsePlace(request.from));
  const end = await keyAfter(connection, table, from, Math.trunc(request.rows));
  const to = end === undefined ? "" : before(table, end);
  const conditions = [from, to].filter((c) => c !== "");
  return {
    where: conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`,
    next: end === undefined ? undefined : JSON.stringify(end),
  };
}

/** Key of the row that comes after so many others; undefined = there are not so many. */
async function keyAfter(
  connection: Connection,
  table: MariaTable,
  from: string,
  rows: number,
): Promise<readonly string[] | undefined> {
  const columns = table.keyColumns.flatMap((i) => table.columns[i] ?? []);
  const names = columns.map((c) => quoteName(c.name)).join(", ");
  const where = from === "" ? "" : ` WHERE ${from}`;
  const text = new RowText(columns.map((c) => c.form));
  let key: readonly string[] | undefined;
  await readRows(
    connection,
    `SELECT ${names} FROM ${qualifiedMaria(table)}${where} ORDER BY ${names} LIMIT 1 OFFSET ${rows}`,
    (buffer, at) => {
      key = parseRow(text.row(buffer, at), columns.length).map((value) => Buffer.from(value ?? []).toString("utf8"));
    },
  );
  return key;
}

function parsePlace(text: string): readonly string[] {
  const place: unknown = JSON.parse(text);
  if (Array.isArray(place)) return place.map(String);
  throw captureError(
    "capture/damaged-store",
    "the note of how far a table was read is damaged: delete the progress file",
  );
}

async function sliceOf(connection: Connection, table: MariaTable, sequence: bigint, stretch: Stretch): Promise<Slice> {
  const [row] = await readTexts(connection, "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS INTEGER)");
  const next = Number(sequence) + 1;
  return {
    visibility: { xmin: next, xmax: next, running: new Set() },
    xid: sequence,
    token: "",
    position: endPosition(sequence),
    time: Number(row?.[0] ?? 0),
    next: stretch.next,
    rows: (onRow, signal) =>
      explained("read a table", () => readTableRows(connection, table, stretch.where, onRow, signal)),
    close: async () => {
      await readTexts(connection, "ROLLBACK").catch(() => undefined);
    },
  };
}
