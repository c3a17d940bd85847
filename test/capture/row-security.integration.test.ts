/** Policies that hide rows from the role of capture: an error that says what to do, never a picture with holes. */
import { openPostgresVerify } from "@anamnesis/capture";
import { afterEach, describe, expect, it } from "vitest";
import { sql } from "./harness.ts";
import { Chain } from "./verify-chain.ts";

let chain: Chain;

async function verifyAs(role: string): Promise<unknown> {
  const url = new URL(chain.url);
  url.username = role;
  url.password = role;
  const source = await openPostgresVerify({ url: url.href, catalog: chain.catalog() });
  try {
    return await chain.verify({ source });
  } finally {
    await source.close();
  }
}

describe("row security", () => {
  afterEach(() => chain.close());

  it("is refused by verify with the words that undo it, and so is a table that may not be read", async () => {
    chain = await Chain.start((url) =>
      sql(
        url,
        "CREATE ROLE reader LOGIN REPLICATION PASSWORD 'reader'; GRANT pg_read_all_data TO reader",
        "CREATE TABLE public.t (id int PRIMARY KEY); INSERT INTO public.t SELECT generate_series(1, 5)",
      ),
    );
    await chain.captureOnce();
    await sql(
      chain.url,
      "ALTER TABLE public.t ENABLE ROW LEVEL SECURITY; CREATE POLICY hiding ON public.t USING (id < 4)",
    );
    chain.startCapture();
    await expect(verifyAs("reader")).rejects.toMatchObject({ code: "capture/no-read-right" });
    await sql(chain.url, "REVOKE pg_read_all_data FROM reader; GRANT USAGE ON SCHEMA public TO reader");
    await expect(verifyAs("reader")).rejects.toMatchObject({ code: "capture/no-read-right" });
  }, 120_000);
});
