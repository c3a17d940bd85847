/** Reasons that operators give, on the command line: rows that were altered, and a database that is another one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withClient } from "@anamnesis/capture";
import { decodeEvent, isEventLeaf } from "@anamnesis/ledger";
import { openFolder, openLog } from "@anamnesis/node";
import { type Postgres, startPostgres } from "@anamnesis/sandbox";
import { afterAll, beforeAll, expect, it } from "vitest";
import { anamnesis } from "./process.ts";

const dir = mkdtempSync(join(tmpdir(), "anamnesis-accept-"));
const data = join(dir, "data");
const TABLE =
  "CREATE TABLE public.t (id int PRIMARY KEY, v text); INSERT INTO public.t SELECT i, 'v' FROM generate_series(1, 30) i";
let servers: readonly Postgres[] = [];

const sql = (server: Postgres | undefined, text: string) =>
  withClient({ url: server?.url ?? "" }, (client) => client.query(text));

async function run(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { out, err } = await anamnesis([...args, "--dir", data, "--json"]);
  if (out === "") throw new Error(err);
  return JSON.parse(out) as Record<string, unknown>;
}

beforeAll(async () => {
  servers = [await startPostgres({ dir: join(dir, "a") }), await startPostgres({ dir: join(dir, "b") })];
  await sql(servers[0], TABLE);
  expect((await anamnesis(["init", data, "--org", "x"])).code).toBe(0);
  await run("source", "add", "ehr", "--url", servers[0]?.url ?? "");
  await run("capture", "ehr", "--until-caught-up");
}, 120_000);
afterAll(async () => {
  for (const server of servers) await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

it("a row is accepted with a reason that every report shows", async () => {
  await sql(
    servers[0],
    "BEGIN; ALTER PUBLICATION anamnesis_ehr DROP TABLE public.t; UPDATE public.t SET v = 'x' WHERE id IN (3, 4); ALTER PUBLICATION anamnesis_ehr ADD TABLE public.t; COMMIT",
  );
  expect(await run("verify", "ehr")).toMatchObject({ totals: { altered: 2 } });
  const accept = ["source", "accept", "ehr", "--table", "public.t", "--reason", "REPAIRED"];
  expect(await run(...accept, "--key", "3", "--note", "after the crash")).toMatchObject({ accepted: 1 });
  expect(await run(...accept, "--all-findings")).toMatchObject({ accepted: 1 });
  const { code, out } = await anamnesis(["verify", "ehr", "--dir", data]);
  expect([code, out]).toEqual([0, expect.stringContaining("2 rows accepted with a reason")]);
  expect(out).not.toContain("after the crash");
  expect(await run("verify", "ehr", "--from-log")).toMatchObject({
    totals: { altered: 0 },
    accepted: { total: 2, rows: [{ key: "3", reason: "REPAIRED", gone: false }, { key: "4" }] },
  });
});

it.each([
  [["--key", "1", "--all-findings"], "cli/usage"],
  [[], "cli/usage"],
  [["--key", "a|b"], "capture/malformed-key"],
  [["--key", "1", "--reason", "Mrs Smith, room 7"], "cli/usage"],
])("%j is refused with a code", async (args, code) => {
  const accept = ["source", "accept", "ehr", "--table", "public.t", "--reason", "X"];
  expect(await run(...accept, ...args)).toMatchObject({ error: { code } });
});

it("a restored copy on another server raises no alarm, and the gap says why", async () => {
  const rows = await sql(servers[0], "SELECT * FROM public.t ORDER BY id");
  await sql(servers[1], TABLE);
  for (const { id, v } of rows.rows as { id: number; v: string }[]) {
    await sql(servers[1], `UPDATE public.t SET v = '${v}' WHERE id = ${id}`);
  }
  await run("source", "move", "ehr", "--url", servers[1]?.url ?? "", "--reason", "UPGRADE");
  expect(await run("verify", "ehr")).toMatchObject({
    totals: { altered: 0, missing: 0, unexplained: 0, unvouched: 0 },
  });
  await sql(servers[1], "UPDATE public.t SET v = 'legal' WHERE id = 5; DELETE FROM public.t WHERE id = 6");
  expect((await run("verify", "ehr"))["totals"]).toMatchObject({ altered: 0, missing: 0, unvouched: 0 });
  expect(await gaps()).toEqual(["UPGRADE"]);
}, 120_000);

async function gaps(): Promise<readonly (string | null)[]> {
  const log = await openLog(openFolder(data));
  const found: (string | null)[] = [];
  for await (const { leaf } of log.leaves(0, (await log.checkpoint()).size)) {
    const event = isEventLeaf(leaf) ? decodeEvent(leaf) : undefined;
    if (event?.kind === "gap") found.push(event.purpose);
  }
  await log.close();
  return found;
}
