/** The promises of the port `Source`, held by each adapter on a real database. */
import { join } from "node:path";
import { fileMemory, mariadbSource, postgresSource } from "@anamnesis/capture";
import { sourceConformance } from "@anamnesis/capture/conformance";
import { native } from "@anamnesis/crypto/native";
import { describe } from "vitest";
import { place, sourceHandles, sql } from "./harness.ts";
import { mariadbPlace, noMariadb } from "./mariadb-place.ts";

const common = { handles: sourceHandles, primitives: native };

/** Whole rows, as the suite expects them of every source. */
function withIdentity(statement: string): readonly string[] {
  const table = /^CREATE TABLE (\w+)/.exec(statement)?.[1];
  return table === undefined ? [statement] : [statement, `ALTER TABLE ${table} REPLICA IDENTITY FULL`];
}

sourceConformance("PostgreSQL", async () => {
  const at = await place();
  return {
    open: (prefix) =>
      postgresSource({
        ...common,
        url: at.postgres.url,
        name: prefix.replace("_", ""),
        include: [`public.${prefix}*`],
      }),
    sql: (...statements) => sql(at.postgres.url, "SET search_path = public", ...statements.flatMap(withIdentity)),
    nameOf: (name) => `public.${name}`,
    close: () => at.remove(),
  };
});

const name = "a source: MariaDB";
describe.skipIf(noMariadb(name))("MariaDB", () => {
  sourceConformance("MariaDB", async () => {
    const at = await mariadbPlace();
    return {
      open: (prefix) =>
        mariadbSource({
          ...common,
          url: at.server.url,
          memory: fileMemory(join(at.dir, `${prefix}.json`)),
          include: [`hospital.${prefix}*`],
        }),
      sql: (...statements) => at.sql(...statements),
      nameOf: (table) => `hospital.${table}`,
      close: () => at.remove(),
    };
  });
});
