/** The message of pgaudit (its README, "Format"): one line per relation that a statement touches (`log_relation = on`). */
import { csvFields } from "./csv.ts";
import type { Parameters } from "./pins.ts";

export interface AuditEntry {
  /** Counts the statements of a session. */
  readonly statement: number;
  readonly class: string;
  readonly command: string;
  readonly objectType: string;
  /** `schema.name`, quoted where PostgreSQL would. */
  readonly object: string;
  readonly sql: string;
  readonly parameters: Parameters;
}

const PREFIX = "AUDIT: ";

/** undefined: no message of pgaudit. A cut one gives what came before the cut. */
export function parseAudit(message: string): AuditEntry | undefined {
  if (!message.startsWith(PREFIX)) return undefined;
  const fields = csvFields(message.slice(PREFIX.length)) ?? cutFields(message.slice(PREFIX.length));
  const [kind, statement, , className, command, objectType, object, sql, parameters] = fields;
  if ((kind !== "SESSION" && kind !== "OBJECT") || !/^\d{1,15}$/.test(statement ?? "")) return undefined;
  return {
    statement: Number(statement),
    class: className ?? "",
    command: command ?? "",
    objectType: objectType ?? "",
    object: object ?? "",
    sql: sql ?? "",
    parameters: parametersOf(parameters ?? ""),
  };
}

/** What stands before the statement holds no quotes but those of names. */
function cutFields(text: string): readonly (string | null)[] {
  const head = /^(?:(?:"(?:[^"]|"")*"|[^,"]*),){7}/.exec(text)?.[0] ?? "";
  return csvFields(head.slice(0, -1)) ?? [];
}

function parametersOf(text: string): Parameters {
  if (text === "" || text === "<none>" || text === "<not logged>" || text === "<previously logged>") return [];
  return (csvFields(text) ?? []).map((value) =>
    value === null || value === "<long param suppressed>" ? undefined : value,
  );
}
