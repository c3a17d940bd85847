/**
 * A copy of the data folder as of a power cut comes back. Its slot stands where the server had last saved it, so it delivers
 * again what was final before the copy: told a second time, that would vouch for the rows as they were put back.
 */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Postgres, startPostgres } from "@anamnesis/sandbox";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Bench, eventsOf, open, type Place, place, sql } from "./harness.ts";
import { misfits } from "./oracle.ts";

const PATIENTS = "public.patients";
let at: Place;
let server: Postgres;
let bench: Bench;

beforeEach(async () => {
  at = await place();
  server = at.postgres;
  await sql(
    server.url,
    "CREATE TABLE public.patients (id int PRIMARY KEY, name text)",
    "ALTER TABLE public.patients REPLICA IDENTITY FULL",
    "CREATE TABLE public.log (v int)",
    "ALTER TABLE public.log REPLICA IDENTITY FULL",
    "INSERT INTO public.patients SELECT i, 'first' FROM generate_series(1, 20) i",
    "CHECKPOINT",
  );
  bench = await open(at.dir, server.url, {});
  await bench.catchUp();
});
afterEach(async () => {
  await bench.close();
  await server.stop();
  await at.remove();
});

const folder = (name: string): string => join(at.dir, name);

/** Perhaps on another port: somebody may have taken the old one meanwhile. */
async function start(): Promise<void> {
  server = await startPostgres({ dir: folder("pg") });
  await bench.close();
  bench = await open(at.dir, server.url, {});
}

/** A copy as of a power cut, then more writes, then the copy in place of the folder. */
async function putBackAfter(...writes: readonly string[]): Promise<void> {
  await server.kill9();
  execFileSync("cp", ["-a", folder("pg"), folder("copy")]);
  await start();
  await bench.catchUp();
  await sql(server.url, ...writes);
  await bench.catchUp();
  await server.stop();
  rmSync(folder("pg"), { recursive: true });
  execFileSync("cp", ["-a", folder("copy"), folder("pg")]);
  await start();
}

const found = async (): Promise<string[]> =>
  (await misfits(server.url, await bench.events(), bench.keystore)).map((m) => `${m.what} ${m.table}`).toSorted();

const LOST = ["altered public.patients", "altered public.patients", "unexplained public.patients"];
const WRITES = ["UPDATE public.patients SET name = 'third' WHERE id < 3", "DELETE FROM public.patients WHERE id = 9"];

describe("a put-back folder whose slot lags behind", () => {
  beforeEach(async () => {
    await sql(
      server.url,
      "UPDATE public.patients SET name = 'second' WHERE id < 10",
      "INSERT INTO public.log VALUES (1)",
    );
    await bench.catchUp();
  });

  it("tells nothing a second time: what was put back stays found", async () => {
    await putBackAfter(...WRITES);
    const before = eventsOf(await bench.events(), PATIENTS).length;
    expect((await bench.catchUp()).declared).toEqual(["restored"]);
    expect(eventsOf(await bench.events(), PATIENTS)).toHaveLength(before);
    expect(await found()).toEqual(LOST);
  });

  it("nor after capture was started again, before and after later writes", async () => {
    await putBackAfter(...WRITES);
    await bench.catchUp();
    await server.kill9(); // the slot lags again
    await start();
    expect((await bench.catchUp()).declared).toEqual([]);
    expect(await found()).toEqual(LOST);
    await sql(server.url, "INSERT INTO public.log VALUES (2)");
    expect((await bench.catchUp()).declared).toEqual([]);
    expect(await found()).toEqual(LOST);
  });

  it("nor when it was written to before capture came back", async () => {
    await putBackAfter(...WRITES, ...Array.from({ length: 40 }, (_, i) => `INSERT INTO public.log VALUES (${i})`));
    await sql(server.url, "UPDATE public.patients SET name = 'other history' WHERE id = 20");
    expect((await bench.catchUp()).declared).toEqual(["restored"]);
    expect(await found()).toEqual([
      ...LOST.slice(0, 2),
      ...Array.from({ length: 40 }, () => "missing public.log"),
      ...LOST.slice(2),
    ]);
  });
});
