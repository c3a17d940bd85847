/**
 * `[source.NAME.misuse]`: queries that tell what only the hospital knows. Each is one SELECT whose columns have the names that
 * `docs/misuse.md` lists; an empty text means "we have none". What is not named is detected.
 */
import { nodeError } from "../errors.ts";

/** The columns that a query may give; those before the bar must be there. */
export const MISUSE_QUERIES = {
  patients: { must: ["patient"], may: ["family", "street", "town", "vip", "deceased"] },
  staff: { must: ["actor"], may: ["role", "department", "family", "street", "town", "patient"] },
  relations: { must: ["patient", "begins"], may: ["actor", "department", "ends"] },
  shifts: { must: ["actor", "begins", "ends"], may: ["department"] },
  contacts: { must: ["patient", "actor"], may: [] },
} as const satisfies Readonly<Record<string, { readonly must: readonly string[]; readonly may: readonly string[] }>>;

export type MisuseQuery = keyof typeof MISUSE_QUERIES;
export const MISUSE_QUERY_NAMES = Object.keys(MISUSE_QUERIES) as readonly MisuseQuery[];

export type MisuseConfig = Readonly<Partial<Record<MisuseQuery, string>>>;

/** @throws AnamnesisError `node/bad-config` naming the setting; `at` = its section with a dot behind. */
export function parseMisuse(section: Readonly<Record<string, unknown>>, at: string): MisuseConfig {
  for (const [name, value] of Object.entries(section)) {
    if (!Object.hasOwn(MISUSE_QUERIES, name)) throw bad(at + name, "is no setting of misuse");
    if (typeof value !== "string") throw bad(at + name, "must be a SELECT statement, or empty");
  }
  return section;
}

function bad(setting: string, why: string) {
  return nodeError("node/bad-config", `anamnesis.toml: ${setting} ${why}`, { setting });
}
