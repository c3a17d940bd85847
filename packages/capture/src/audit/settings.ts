/** Which settings the server needs for its log to hold reads (pgaudit's README; manual, "Error Reporting and Logging" and "auto_explain"). */
import type { LogSettings } from "./check.ts";

export interface Need {
  readonly name: string;
  /** The value to set; a list in quotes of its own stands as it is. */
  readonly wanted: string;
  readonly why: string;
  /** A restart is needed, not only a reload. */
  readonly restart: boolean;
  readonly missing: boolean;
}

const JSON_LOG_VERSION = 150_000;

const words = (text: string | undefined): readonly string[] =>
  (text ?? "")
    .toLowerCase()
    .split(",")
    .map((word) => word.trim().replaceAll('"', ""))
    .filter((word) => word !== "");

function logNeeds({ values, version }: LogSettings, library: string): readonly Need[] {
  const loaded = words(values.get("shared_preload_libraries"));
  const destinations = words(values.get("log_destination"));
  return [
    {
      name: "shared_preload_libraries",
      wanted: [...loaded, library].map((name) => `'${name}'`).join(", "),
      why: `${library} is not loaded for every session${library === "pgaudit" ? " (install its package first)" : ""}`,
      restart: true,
      missing: !loaded.includes(library),
    },
    {
      name: "log_destination",
      wanted: [...destinations, "jsonlog"].join(","),
      why:
        version < JSON_LOG_VERSION
          ? "PostgreSQL 14 has no log in JSON form: upgrade to 15 or later"
          : "the log has no JSON form",
      restart: false,
      missing: !destinations.includes("jsonlog"),
    },
    {
      name: "logging_collector",
      wanted: "on",
      why: "nothing collects the log into files",
      restart: true,
      missing: values.get("logging_collector") !== "on",
    },
  ];
}

const exactly =
  (server: LogSettings) =>
  (name: string, wanted: string, why: string): Need => ({
    ...{ name, wanted, why, restart: false },
    missing: server.values.get(name) !== wanted,
  });

export function pgauditNeeds(server: LogSettings): readonly Need[] {
  const is = exactly(server);
  const classes = words(server.values.get("pgaudit.log"));
  const all = classes.includes("all");
  const taken = (name: string): boolean => (all || classes.includes(name)) && !classes.includes(`-${name}`);
  return [
    ...logNeeds(server, "pgaudit"),
    {
      name: "pgaudit.log",
      wanted: [...new Set([...classes.filter((c) => c !== "none" && !c.startsWith("-")), "read", "write"])].join(", "),
      why: "pgaudit does not log reads, or not the writes that give rows back",
      restart: false,
      missing: !taken("read") || !taken("write"),
    },
    is("pgaudit.log_relation", "on", "pgaudit does not name each relation"),
    is("pgaudit.log_parameter", "on", "pgaudit does not tell parameters: no read by key could be told"),
    is("pgaudit.log_rows", "off", "with log_rows, reads that are rolled back or fail are not logged"),
    is("pgaudit.log_statement_once", "off", "pgaudit tells a statement only once"),
  ];
}

export function autoExplainNeeds(server: LogSettings): readonly Need[] {
  const is = exactly(server);
  return [
    ...logNeeds(server, "auto_explain"),
    is("auto_explain.log_min_duration", "0", "auto_explain does not log every statement"),
    is("auto_explain.log_format", "json", "plans are not in JSON form"),
    is("auto_explain.log_verbose", "on", "plans do not name schemas"),
    is("auto_explain.log_nested_statements", "on", "statements inside of functions are not logged"),
    is("auto_explain.sample_rate", "1", "only a part of the statements is logged"),
    is("auto_explain.log_level", "log", "plans go to the client, or are dropped"),
  ];
}
