/** Queries of the mapping, turned into what the rules may know. */
import { Facts, type Need } from "@anamnesis/misuse";
import { nodeError } from "../errors.ts";
import { MISUSE_QUERIES, MISUSE_QUERY_NAMES, type MisuseConfig, type MisuseQuery } from "../folder/misuse-config.ts";
import { detectQueries } from "./detect.ts";
import type { FactsReader, Row } from "./facts-reader.ts";

/** Where the rows of a query came from, and how many there were. */
export interface FactsFound {
  readonly query: MisuseQuery;
  readonly from: "configured" | "detected" | "none";
  readonly rows: number;
}

export interface LoadedFacts {
  readonly facts: Facts;
  readonly found: readonly FactsFound[];
}

type Fields = (column: string) => string | null;

/**
 * @param accessed details are kept of these patients only, so memory grows with what was accessed
 * @throws AnamnesisError `node/bad-mapping` naming the query
 */
export async function loadFacts(
  reader: FactsReader,
  config: MisuseConfig,
  accessed: ReadonlySet<string>,
): Promise<LoadedFacts> {
  const detected = detectQueries(await reader.columns());
  const facts = new Facts();
  const found: FactsFound[] = [];
  for (const query of MISUSE_QUERY_NAMES) {
    const configured = config[query];
    const sql = configured ?? reader.dialect(detected[query] ?? "");
    if (sql === "") {
      found.push({ query, from: "none", rows: 0 });
      continue;
    }
    const rows = await load(reader, query, sql, facts, accessed);
    found.push({ query, from: configured === undefined ? "detected" : "configured", rows });
  }
  return { facts, found };
}

async function load(
  reader: FactsReader,
  query: MisuseQuery,
  sql: string,
  facts: Facts,
  accessed: ReadonlySet<string>,
): Promise<number> {
  let places: ReadonlyMap<string, number> | undefined;
  let rows = 0;
  await reader.rows(query, sql, (row, names) => {
    if (places === undefined) {
      places = placesOf(query, names);
      for (const need of needsOf(query, places)) facts.provide(need);
    }
    if (row.length === 0) return;
    rows++;
    TAKE[query](fieldsOf(row, places), facts, accessed);
  });
  return rows;
}

const fieldsOf =
  (row: Row, places: ReadonlyMap<string, number>): Fields =>
  (column) =>
    row[places.get(column) ?? -1] ?? null;

function placesOf(query: MisuseQuery, names: readonly string[]): ReadonlyMap<string, number> {
  const { must, may }: { readonly must: readonly string[]; readonly may: readonly string[] } = MISUSE_QUERIES[query];
  const places = new Map(names.map((name, i) => [name.toLowerCase(), i]));
  const missing = must.find((name) => !places.has(name));
  if (missing !== undefined) throw badColumn(query, `must give a column "${missing}"`);
  const unknown = [...places.keys()].find((name) => !must.includes(name) && !may.includes(name));
  if (unknown !== undefined) throw badColumn(query, `gives a column "${unknown}" that means nothing here`);
  return places;
}

function badColumn(query: MisuseQuery, why: string) {
  return nodeError("node/bad-mapping", `the query "${query}" of the misuse mapping ${why}`, { query });
}

/** What a query with these columns tells, whether or not anybody concerned was accessed. */
function needsOf(query: MisuseQuery, columns: ReadonlyMap<string, number>): Need[] {
  if (query === "relations") return ["relations"];
  if (query === "contacts") return ["contacts"];
  if (query === "patients") return columns.has("vip") ? ["vip"] : [];
  if (query === "shifts") return [];
  const told: readonly (readonly [string, Need])[] = [
    ["actor", "staff"],
    ["family", "families"],
    ["street", "addresses"],
    ["patient", "staff-patients"],
  ];
  return told.filter(([column]) => columns.has(column)).map(([, need]) => need);
}

const TAKE: Readonly<Record<MisuseQuery, (of: Fields, facts: Facts, accessed: ReadonlySet<string>) => void>> = {
  patients(of, facts, accessed) {
    facts.countFamily(of("family"));
    const patient = of("patient");
    if (patient === null || !accessed.has(patient)) return;
    const deceased = micros(of("deceased"));
    facts.addPatient({
      patient,
      family: of("family"),
      street: of("street"),
      town: of("town"),
      vip: isTrue(of("vip")),
      deceased,
    });
  },
  staff(of, facts) {
    const actor = of("actor");
    if (actor === null) return;
    const [role, department, family] = [of("role"), of("department"), of("family")];
    facts.addStaff({ actor, role, department, family, street: of("street"), town: of("town"), patient: of("patient") });
  },
  relations(of, facts, accessed) {
    const [patient, from] = [of("patient"), micros(of("begins"))];
    if (patient === null || from === null || !accessed.has(patient)) return;
    facts.addRelation({ patient, actor: of("actor"), department: of("department"), from, to: micros(of("ends")) });
  },
  shifts(of, facts) {
    const [actor, from, to] = [of("actor"), micros(of("begins")), micros(of("ends"))];
    if (actor !== null && from !== null && to !== null) {
      facts.addShift({ actor, department: of("department"), from, to });
    }
  },
  contacts(of, facts, accessed) {
    const [patient, actor] = [of("patient"), of("actor")];
    if (patient !== null && actor !== null && accessed.has(patient)) facts.addContact({ patient, actor });
  },
};

const isTrue = (text: string | null): boolean => /^(t|true|y|yes|1)$/i.test(text ?? "");

/** A date or time as the pinned session writes it, in microseconds since 1970; what is none, such as infinity, is null. */
export function micros(text: string | null): number | null {
  const found =
    /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)\d*)?(Z|[+-]\d{2}(?::?\d{2})?)?$/.exec(
      text ?? "",
    );
  if (found === null) return null;
  const [, day = "", time = "00:00", zone = "Z"] = found;
  const offset = zone === "Z" ? zone : zone.length === 3 ? `${zone}:00` : zone.replace(/^(...):?(..)$/, "$1:$2");
  const ms = Date.parse(`${day}T${time}${offset}`);
  return Number.isNaN(ms) ? null : ms * 1_000;
}
