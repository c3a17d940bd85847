/** Which tables are compared, and which are only named in the report (spec/verify.md, "Not covered"). */
import { toHex } from "@anamnesis/core";
import type { TableSchema } from "../source.ts";
import type { NotCovered } from "./report.ts";
import type { SourceCoverage } from "./source.ts";

export interface Coverage {
  readonly compared: readonly TableSchema[];
  readonly notCovered: readonly NotCovered[];
}

/**
 * Whatever the ledger knows is compared, however the source treats it now: nobody shall hide a table by taking it out of
 * capture. Of the others, one that the source sends is compared too: it claims to be covered.
 * @param known handles (hexadecimal) of the tables that capture has ever met
 */
export function coverageOf({ tables, published, unlogged }: SourceCoverage, known: ReadonlySet<string>): Coverage {
  const compared: TableSchema[] = [];
  const notCovered: NotCovered[] = [];
  for (const table of tables) {
    const met = known.has(toHex(table.handle));
    const refused = table.identity === "nothing";
    if (met || (!refused && published.has(table.name))) compared.push(table);
    if (refused) notCovered.push({ table: table.name, why: unlogged.has(table.name) ? "unlogged" : "no-identity" });
    else if (!met && !published.has(table.name)) notCovered.push({ table: table.name, why: "new" });
  }
  return { compared, notCovered };
}
