/** A new table that somebody holds for a while (VACUUM, CREATE INDEX CONCURRENTLY): capture waits for it and goes on. */
import { setTimeout as sleep } from "node:timers/promises";
import { withClient } from "@anamnesis/capture";
import type { Client } from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { sql } from "./harness.ts";
import { Chain, found } from "./verify-chain.ts";

let chain: Chain;

/** Resolves when the table is, or is no longer, waited for. */
async function untilWaitedFor(client: Client, table: string, waited: boolean): Promise<void> {
  const asked = `SELECT FROM pg_locks WHERE NOT granted AND relation = '${table}'::regclass`;
  while (((await client.query(asked)).rowCount ?? 0) > 0 !== waited) await sleep(50);
}

describe("a table that cannot be published at once", () => {
  afterEach(() => chain.close());

  it("ends no capture, and is captured when it is free again", async () => {
    chain = await Chain.start((url) =>
      sql(url, "CREATE TABLE public.a (id int PRIMARY KEY); INSERT INTO public.a VALUES (1)"),
    );
    await chain.captureOnce();
    chain.startCapture();
    expect(found(await chain.verify())).toEqual([]);
    await withClient({ url: chain.url }, async (holder) => {
      await holder.query("CREATE TABLE public.b (id int PRIMARY KEY); INSERT INTO public.b VALUES (1)");
      await holder.query("BEGIN; LOCK TABLE public.b IN SHARE UPDATE EXCLUSIVE MODE");
      await untilWaitedFor(holder, "public.b", true);
      await untilWaitedFor(holder, "public.b", false); // given up
      await holder.query("COMMIT");
    });
    await sql(chain.url, "INSERT INTO public.a VALUES (2)");
    const report = await chain.verify();
    expect(found(report)).toEqual([]);
    expect(report.rows).toBe(3);
  }, 180_000);
});
