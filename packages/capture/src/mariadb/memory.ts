/**
 * What a MariaDB does not keep for us: where we are in its binary log, and since when each table is captured. PostgreSQL holds
 * both in slot and publication; here they lie in a small file beside the other notes of the source.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { captureError } from "../errors.ts";
import { formatGtid, type Gtid, parseGtid } from "./gtid.ts";

export interface Remembered {
  /** The newest commit that is final on the ledger; undefined = the beginning of the log. */
  readonly at: Gtid | undefined;
  /** The commit before it and what its own rows were, so that the server can be held to them. */
  readonly check: { readonly before: Gtid; readonly digest: string } | undefined;
  /** Captured tables, each with the sequence after which its rows count. */
  readonly tables: ReadonlyMap<string, bigint>;
  /** The log did not have what was needed: what lies between is missed. */
  readonly lost: boolean;
}

export interface PositionMemory {
  read(): Remembered | undefined;
  write(memory: Remembered | undefined): void;
}

/** A file that is replaced whole, and durable when `write` returns. */
export function fileMemory(path: string): PositionMemory {
  return {
    read: () => (existsSync(path) ? parse(readFileSync(path, "utf8")) : undefined),
    write(memory) {
      if (memory === undefined) return rmSync(path, { force: true });
      const file = openSync(`${path}.new`, "w", 0o600);
      try {
        writeFileSync(file, format(memory));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(`${path}.new`, path);
    },
  };
}

const VERSION = 1;

function format({ at, check, tables, lost }: Remembered): string {
  return JSON.stringify({
    version: VERSION,
    at: at === undefined ? "" : formatGtid(at),
    ...(check === undefined ? {} : { check: { before: formatGtid(check.before), digest: check.digest } }),
    tables: Object.fromEntries([...tables].map(([name, since]) => [name, since.toString()])),
    lost,
  });
}

interface Stored {
  readonly version: number;
  readonly at: string;
  readonly check?: { readonly before: string; readonly digest: string };
  readonly tables: Readonly<Record<string, string>>;
  readonly lost: boolean;
}

function parse(text: string): Remembered {
  try {
    const stored = JSON.parse(text) as Stored;
    if (stored.version !== VERSION) throw new Error("version");
    const before = stored.check === undefined ? undefined : parseGtid(stored.check.before);
    return {
      at: parseGtid(stored.at),
      check: before === undefined || stored.check === undefined ? undefined : { before, digest: stored.check.digest },
      tables: new Map(Object.entries(stored.tables).map(([name, since]) => [name, BigInt(since)])),
      lost: stored.lost === true,
    };
  } catch (cause) {
    const message = "the note of the place in the binary log is damaged: delete it, and capture declares a gap";
    throw captureError("capture/damaged-store", message, {}, { cause });
  }
}
