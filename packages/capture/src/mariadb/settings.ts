/** What the server must be set to, as one list for `source check` and for the start of capture. */
import type { Connection } from "mysql2";
import type { CaptureErrorCode } from "../errors.ts";
import { captureError } from "../errors.ts";
import { readTexts } from "./result.ts";

export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly good: boolean;
  readonly code: CaptureErrorCode;
  /** One sentence: what is wrong and what to do. */
  readonly message: string;
  /** Puts it right without a restart; undefined = a restart is needed. */
  readonly sql: string | undefined;
}

const WANTED: readonly (readonly [string, string, CaptureErrorCode, string])[] = [
  [
    "binlog_format",
    "ROW",
    "capture/binlog-format",
    "SET GLOBAL binlog_format = 'ROW', write it into the server's configuration, and let applications connect anew",
  ],
  [
    "binlog_row_image",
    "FULL",
    "capture/binlog-format",
    "SET GLOBAL binlog_row_image = 'FULL', write it into the server's configuration, and let applications connect anew",
  ],
  [
    "binlog_row_metadata",
    "FULL",
    "capture/no-row-metadata",
    "SET GLOBAL binlog_row_metadata = 'FULL', and write it into the server's configuration",
  ],
];

/** In the order in which they must be put right. */
export async function readSettings(connection: Connection): Promise<readonly Setting[]> {
  const names = ["log_bin", ...WANTED.map(([name]) => name)];
  const [row] = await readTexts(connection, `SELECT ${names.map((name) => `@@GLOBAL.${name}`).join(", ")}`);
  const log: Setting = {
    ...{
      name: "log_bin",
      value: row?.[0] ?? "",
      good: row?.[0] === "1",
      code: "capture/binlog-format",
      sql: undefined,
    },
    message: "the server writes no binary log: set log_bin in its configuration and restart it",
  };
  const rest = WANTED.map(([name, wanted, code, remedy], i): Setting => {
    const value = row?.[i + 1] ?? "";
    const good = value.toUpperCase() === wanted;
    return {
      name,
      value,
      good,
      code,
      message: `${name} is ${value}: ${remedy}`,
      sql: `SET GLOBAL ${name} = '${wanted}'`,
    };
  });
  return [log, ...rest];
}

/**
 * @throws AnamnesisError `capture/binlog-format`, `capture/no-row-metadata`, `capture/slot-blocked` while XA transactions are
 *   prepared: their rows stand in the log before the snapshot and are seen only after it
 */
export async function requireSettings(connection: Connection): Promise<void> {
  for (const { good, code, message } of await readSettings(connection)) if (!good) throw captureError(code, message);
  const waiting = await readTexts(connection, "XA RECOVER");
  if (waiting.length === 0) return;
  const message = `${waiting.length} XA transactions are prepared: decide them (XA RECOVER lists them), then try again`;
  throw captureError("capture/slot-blocked", message);
}
