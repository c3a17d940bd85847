/** `[source.NAME.reads]`: where reads are found, and whose they are. */
import type { AuditMode } from "@anamnesis/capture";
import { nodeError } from "../errors.ts";

export interface ReadsConfig {
  /** Folder or path of the database's log in JSON form; a relative one counts from the data folder. */
  readonly log: string;
  readonly mode: AuditMode;
  /** Logins of applications that may say for whom they work. */
  readonly applications: readonly string[];
  /** Patterns over `application_name`: the first group, or all of it, is the person or the purpose. */
  readonly actor: RegExp | undefined;
  readonly purpose: RegExp | undefined;
  /** How long the same access of the same person counts as one. */
  readonly windowMs: number;
}

type Section = Readonly<Record<string, unknown>>;

const WINDOW_S = 60;
const WINDOW_S_MAX = 86_400;
const PATTERN_MAX = 200;
const KNOWN: ReadonlySet<string> = new Set(["log", "mode", "applications", "actor", "purpose", "window"]);

/** @throws AnamnesisError `node/bad-config` naming the setting; `at` = its section with a dot behind. */
export function parseReads(section: Section, at: string): ReadsConfig {
  const unknown = Object.keys(section).find((key) => !KNOWN.has(key));
  if (unknown !== undefined) throw bad(at + unknown, "is no setting of reads");
  const { log, mode = "pgaudit", applications = [], window = WINDOW_S } = section;
  if (typeof log !== "string" || log === "") throw bad(`${at}log`, "must be the path of the database's log");
  if (mode !== "pgaudit" && mode !== "auto_explain") throw bad(`${at}mode`, 'must be "pgaudit" or "auto_explain"');
  if (!Array.isArray(applications) || !applications.every((a) => typeof a === "string"))
    throw bad(`${at}applications`, "must be a list of logins");
  if (typeof window !== "number" || !Number.isInteger(window) || window < 0 || window > WINDOW_S_MAX)
    throw bad(`${at}window`, `must be a number of seconds from 0 to ${WINDOW_S_MAX}`);
  return {
    ...{ log, mode, applications, windowMs: window * 1_000 },
    actor: patternAt(section, "actor", at),
    purpose: patternAt(section, "purpose", at),
  };
}

function patternAt(section: Section, key: string, at: string): RegExp | undefined {
  const value = section[key];
  if (value === undefined) return undefined;
  try {
    if (typeof value === "string" && value !== "" && value.length <= PATTERN_MAX) return new RegExp(value, "u");
  } catch {
    // said below
  }
  throw bad(at + key, "must be a regular expression over application_name");
}

function bad(setting: string, why: string) {
  return nodeError("node/bad-config", `anamnesis.toml: ${setting} ${why}`, { setting });
}
