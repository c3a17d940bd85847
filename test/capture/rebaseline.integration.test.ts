/** Going through rows again, with capture killed in the middle of it, again and again. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, openProgress } from "@anamnesis/capture";
import { toHex } from "@anamnesis/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eventsOf, open, type Place, place, sourceHandles, sql } from "./harness.ts";
import { misfits } from "./oracle.ts";

const CHILD = new URL("./child.ts", import.meta.url).pathname;
const ROWS = 150_000;
const OPTIONS = { include: ["ward.*"] };

let at: Place;
let url: string;

beforeAll(async () => {
  at = await place();
  url = at.postgres.url;
  await sql(
    url,
    "CREATE SCHEMA ward",
    "CREATE TABLE ward.patients (id int PRIMARY KEY, name text)",
    "ALTER TABLE ward.patients REPLICA IDENTITY FULL",
    `INSERT INTO ward.patients SELECT i, 'n' || i FROM generate_series(1, ${ROWS}) i`,
  );
});
afterAll(() => at.remove());

/** Runs capture in a process of its own until a slice more is noted, and kills it there. */
async function killAfterSlice(dir: string): Promise<string | undefined> {
  const handle = sourceHandles.table("ward.patients");
  const progress = openProgress(join(dir, "org", "progress.db"), { readOnly: true });
  const before = progress.tables.place(handle);
  const child = spawn(process.execPath, [CHILD, dir, url], { stdio: ["ignore", "ignore", "inherit"] });
  const deadline = Date.now() + 60_000;
  while (progress.tables.place(handle) === before && Date.now() < deadline) await sleep(2);
  child.kill("SIGKILL");
  await once(child, "exit");
  const place = progress.tables.place(handle);
  progress.close();
  return place;
}

/** Writes to rows all over the table until stopped. */
async function write(signal: AbortSignal): Promise<number> {
  const client = await connect({ url });
  let n = 0;
  for (; !signal.aborted; n++) {
    await client.query(`UPDATE ward.patients SET name = 'w${n}' WHERE id = ${1 + ((n * 7919) % ROWS)}`);
    await sleep(2);
  }
  await client.end();
  return n;
}

it("goes on from the last slice that is final, and does no row twice", async () => {
  const dir = join(at.dir, "killed");
  const first = await open(dir, url, OPTIONS);
  await first.catchUp();
  await first.close();
  await sql(url, "ALTER TABLE ward.patients ADD COLUMN ward int DEFAULT 7");
  const stop = new AbortController();
  const writing = write(stop.signal);
  const places = [await killAfterSlice(dir), await killAfterSlice(dir)];
  expect(new Set([undefined, ...places]).size).toBe(3);
  const bench = await open(dir, url, OPTIONS);
  await bench.catchUp();
  stop.abort();
  const written = await writing;
  await bench.catchUp();
  expect(written).toBeGreaterThan(50);
  const events = await bench.events();
  expect(new Set(events.map((e) => `${e.lsn}/${e.ordinal}`)).size).toBe(events.length);
  expect(await misfits(url, events, bench.keystore)).toEqual([]);
  const again = eventsOf(events, "ward.patients").filter((e) => e.kind === "baseline" && e.xid > 0n);
  expect(new Set(again.map((e) => toHex(e.row ?? new Uint8Array(0)))).size).toBe(again.length);
  expect(again.length).toBeGreaterThan(ROWS - written - 1);
  expect(bench.progress.tables.pending().size).toBe(0);
  await bench.close();
}, 180_000);
