/** Two databases of one server, each a source of somebody: names of slots hold for the whole server. */
import { join } from "node:path";
import { withClient } from "@anamnesis/capture";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { open, type Place, place, sql } from "./harness.ts";

let at: Place;
beforeAll(async () => {
  at = await place();
});
afterAll(() => at.remove());

const elsewhere = (url: string): string => {
  const other = new URL(url);
  other.pathname = "/neighbour";
  return other.href;
};

describe("a source with the name that a neighbour's has", () => {
  it("leaves the neighbour's slot alone and says what to do", async () => {
    const { url } = at.postgres;
    await sql(url, "CREATE DATABASE neighbour");
    await sql(elsewhere(url), "SELECT pg_create_logical_replication_slot('anamnesis_ehr', 'pgoutput')");
    await sql(url, "CREATE TABLE public.t (id int PRIMARY KEY)");
    const bench = await open(join(at.dir, "own"), url);
    try {
      await bench.source.tables();
      await bench.source.forget();
      const begun = bench.source.begin(new AbortController().signal);
      await expect(begun).rejects.toThrow(/another database of this server/);
      const database = await withClient({ url }, async (client) => {
        const { rows } = await client.query<{ database: string }>("SELECT database FROM pg_replication_slots");
        return rows.map((row) => row.database);
      });
      expect(database).toEqual(["neighbour"]);
    } finally {
      await bench.close();
    }
  });
});
