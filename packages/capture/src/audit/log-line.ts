/**
 * One line of PostgreSQL's server log in JSON form (`log_destination = jsonlog`, PostgreSQL 15 and later; manual, "Error
 * Reporting and Logging"). Only what reads and actors need.
 */
import { LogClock } from "./log-clock.ts";

export interface LogLine {
  /** Microseconds since 1970. */
  readonly time: number;
  readonly user: string;
  readonly database: string;
  readonly application: string;
  /** Names one connection, for ever. */
  readonly session: string;
  /** Counts the lines of a session, from 1. */
  readonly number: number;
  /** Names a transaction while it runs; empty outside of one. */
  readonly virtualXid: string;
  /** The low 32 bits of the transaction's id; 0 = it has none (yet). */
  readonly xid: number;
  readonly state: string;
  readonly message: string;
  /** The statement under way; only beside errors. */
  readonly statement: string;
}

/** Reads lines; keeps what the lines themselves teach about the server's time zone. */
export class LogLines {
  readonly #clock = new LogClock();

  /** undefined: not a line of this form, or one of the server's own processes. */
  parse(text: string): LogLine | undefined {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return undefined;
    }
    if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
    return this.#line(json as Readonly<Record<string, unknown>>);
  }

  #line(json: Readonly<Record<string, unknown>>): LogLine | undefined {
    const text = (key: string): string => {
      const value = json[key];
      return typeof value === "string" ? value : "";
    };
    const count = (key: string): number => {
      const value = json[key];
      return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
    };
    const session = text("session_id");
    const time = this.#clock.time(text("timestamp"), text("session_start"), session);
    if (time === undefined || session === "") return undefined;
    return {
      time,
      session,
      user: text("user"),
      database: text("dbname"),
      application: text("application_name"),
      number: count("line_num"),
      virtualXid: text("vxid"),
      xid: count("txid"),
      state: text("state_code"),
      message: text("message"),
      statement: text("statement"),
    };
  }
}
