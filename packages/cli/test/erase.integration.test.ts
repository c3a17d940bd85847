/** Erasing a patient, on the command line: beside a running node and without one, with kill -9 in the middle, and after a restore. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withClient } from "@anamnesis/capture";
import { decodeEvent, type Event, isEventLeaf } from "@anamnesis/ledger";
import { openFolder, openLog } from "@anamnesis/node";
import { type Postgres, startPostgres } from "@anamnesis/sandbox";
import { afterAll, beforeAll, expect, it } from "vitest";
import { anamnesis, launch, says } from "./process.ts";

const dir = mkdtempSync(join(tmpdir(), "anamnesis-erase-"));
const data = join(dir, "data");
const keys = join(data, "sources", "ehr", "keys.db");
const SECRET = "Ludmila-4711";
const TABLES = `
  CREATE TABLE patients (id text PRIMARY KEY, name text);
  CREATE TABLE observations (id int PRIMARY KEY, patient_id text REFERENCES patients, value text);
  CREATE TABLE stays (patient_id text REFERENCES patients, day int, ward text, PRIMARY KEY (patient_id, day));
  CREATE TABLE letters (code text PRIMARY KEY, patient_id text REFERENCES patients);
  CREATE TABLE device_log (patient_id text REFERENCES patients, reading text);
  ALTER TABLE device_log REPLICA IDENTITY FULL;
  INSERT INTO patients SELECT 'p' || i, 'name ' || i FROM generate_series(1, 40) i;`;
/** Rows of one patient: two letters, of which one is deleted again. */
const rowsOf = (id: string, n: number) => `
  INSERT INTO patients VALUES ('${id}', 'name of ${id}');
  INSERT INTO observations SELECT ${n} + i, '${id}', 'value of ${id}' FROM generate_series(1, 3) i;
  INSERT INTO stays VALUES ('${id}', ${n}, 'ward'), ('${id}', ${n + 1}, 'ward');
  INSERT INTO letters VALUES ('kept letter to ${id}', '${id}'), ('burnt letter to ${id}', '${id}');
  DELETE FROM letters WHERE code LIKE 'burnt%${id}';
  INSERT INTO device_log VALUES ('${id}', 'reading of ${id}');`;
const ROWS = 8;
let server: Postgres | undefined;

const sql = (text: string) =>
  withClient({ url: server?.url ?? "" }, (client) => client.query(`SET search_path = public; ${text}`));

async function run(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { out, err } = await anamnesis([...args, "--dir", data, "--json"]);
  if (out === "") throw new Error(err);
  return JSON.parse(out) as Record<string, unknown>;
}

const erase = (patient: string) => run("source", "erase", "ehr", "--patient", patient, "--reason", "REQUEST", "--yes");

/** Files of the data folder that hold the text. */
const filesWith = (text: string): readonly string[] =>
  readdirSync(data, { recursive: true, encoding: "utf8" }).filter(
    (name) => statSync(join(data, name)).isFile() && readFileSync(join(data, name)).includes(text),
  );

async function erasures(): Promise<readonly Event[]> {
  const log = await openLog(openFolder(data));
  const found: Event[] = [];
  for await (const { leaf } of log.leaves(0, (await log.checkpoint()).size)) {
    const event = isEventLeaf(leaf) ? decodeEvent(leaf) : undefined;
    if (event?.kind === "erase") found.push(event);
  }
  await log.close();
  return found;
}

const CLEAN = { altered: 0, missing: 0, unexplained: 0, unvouched: 0 };

beforeAll(async () => {
  server = await startPostgres({ dir: join(dir, "pg") });
  await sql(TABLES);
  await sql(rowsOf(SECRET, 100));
  expect((await anamnesis(["init", data, "--org", "x", "--port", "0"])).code).toBe(0);
  await run("source", "add", "ehr", "--url", server.url);
  await run("capture", "ehr", "--until-caught-up");
  for (const [i, id] of ["Maria-1", "Jan-2", "Olga-3"].entries()) await sql(rowsOf(id, 200 + 100 * i));
  expect(await run("verify", "ehr")).toMatchObject({ totals: { ...CLEAN, erased: 0 } });
}, 120_000);
afterAll(async () => {
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

it("nothing names the patient afterwards, and verify calls exactly those rows erased", async () => {
  expect(filesWith(SECRET).length).toBeGreaterThan(0);
  copyFileSync(keys, join(dir, "keys.backup"));
  expect(await erase(SECRET)).toMatchObject({ erased: true, reason: "REQUEST" });
  expect(filesWith(SECRET)).toEqual([]);
  expect(filesWith("Maria-1").length).toBeGreaterThan(0);
  expect(await run("verify", "ehr")).toMatchObject({ totals: { ...CLEAN, erased: ROWS } });
  expect(await run("verify", "ehr", "--from-log")).toMatchObject({ totals: { ...CLEAN, erased: ROWS } });
  const [event, ...others] = await erasures();
  expect([event?.purpose, event?.row?.length, event?.actor?.length, event?.commitment, others]).toEqual([
    "REQUEST",
    16,
    16,
    null,
    [],
  ]);
  expect(event?.table.every((byte) => byte === 0)).toBe(true);
}, 120_000);

it("is repeated without a second event, and refused for a patient of whom nothing is known", async () => {
  expect(await erase(SECRET)).toMatchObject({ names: 0 });
  expect(await erasures()).toHaveLength(1);
  expect(await erase("unknown-9")).toMatchObject({ error: { code: "capture/unknown-patient" } });
  expect(await run("source", "erase", "ehr", "--patient", "p1", "--reason", "REQUEST")).toMatchObject({
    error: { code: "cli/usage" },
  });
  expect(filesWith("unknown-9")).toEqual([]);
}, 120_000);

it("a key that a backup brought back is destroyed again", async () => {
  for (const end of ["-wal", "-shm"]) rmSync(`${keys}${end}`, { force: true });
  copyFileSync(join(dir, "keys.backup"), keys);
  expect(await run("verify", "ehr")).toMatchObject({ totals: { erased: ROWS } });
  // What was sealed for others since the backup was made is theirs alone to lose.
}, 120_000);

it("beside a running node: what is written later about the patient stays erased and unnamed", async () => {
  const node = launch(["node", "--dir", data]);
  try {
    await says(node, "Ctrl-C");
    expect(await erase("Maria-1")).toMatchObject({ erased: true });
    expect(filesWith("Maria-1")).toEqual([]);
    await sql(
      `INSERT INTO observations VALUES (999, 'Maria-1', 'x'); INSERT INTO stays VALUES ('Maria-1', 999, 'y');
       INSERT INTO device_log VALUES ('Maria-1', 'z'); UPDATE letters SET code = 'again to Maria-1' WHERE patient_id = 'Maria-1'`,
    );
    const report = await run("verify", "ehr");
    expect(report).toMatchObject({ totals: { ...CLEAN, erased: 2 * ROWS + 3 } });
    expect(filesWith("Maria-1")).toEqual([]);
    expect(filesWith("Jan-2").length).toBeGreaterThan(0);
  } finally {
    node.kill("SIGTERM");
    await new Promise((resolve) => node.once("exit", resolve));
  }
}, 120_000);

it.each(["Jan-2", "Olga-3"])(
  "killed in the middle, it is gone on with: %s",
  async (patient) => {
    const before = (await erasures()).length;
    const args = ["source", "erase", "ehr", "--patient", patient, "--reason", "REQUEST", "--yes", "--dir", data];
    // Killed as soon as it is asked for; and a little later, wherever that falls.
    const child = launch(args);
    const exited = new Promise((resolve) => child.once("exit", resolve));
    const progress = join(data, "sources", "ehr", "progress.db");
    const isAsked = () => [progress, `${progress}-wal`].some((path) => contains(path, patient));
    while (!isAsked() && child.exitCode === null) await sleep(2);
    if (patient === "Olga-3") await sleep(300);
    child.kill("SIGKILL");
    await exited;
    await run("capture", "ehr", "--until-caught-up");
    expect(filesWith(patient)).toEqual([]);
    expect(await erasures()).toHaveLength(before + 1);
  },
  120_000,
);

function contains(path: string, text: string): boolean {
  try {
    return readFileSync(path).includes(text);
  } catch {
    return false; // it is not there yet, or not any more
  }
}
