/** Legal but awkward lives of a source: what must not lose, double or stop anything. */
import { join } from "node:path";
import { AnamnesisError } from "@anamnesis/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventsOf, kinds, open, type Place, place, sql } from "./harness.ts";

const OPTIONS = { include: ["ward.*"] };

let at: Place;
let url: string;
let dir: string;
let count = 0;

beforeAll(async () => {
  at = await place();
  url = at.postgres.url;
}, 120_000);
afterAll(() => at.remove());

beforeEach(async () => {
  dir = join(at.dir, `case-${++count}`);
  await sql(
    url,
    "DROP SCHEMA IF EXISTS ward CASCADE",
    "CREATE SCHEMA ward",
    "CREATE TABLE ward.patients (id int PRIMARY KEY, name text)",
    "ALTER TABLE ward.patients REPLICA IDENTITY FULL",
    "CREATE TABLE ward.log (id int PRIMARY KEY, a int)",
    "ALTER TABLE ward.log REPLICA IDENTITY FULL",
    "INSERT INTO ward.patients VALUES (1, 'n')",
  );
});
afterEach(() =>
  sql(
    url,
    "DROP PUBLICATION IF EXISTS anamnesis_ehr",
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr'",
  ),
);

const later = () => AbortSignal.timeout(60_000);

describe("capture goes on", () => {
  it("after the clock was put back by two hours", async () => {
    const bench = await open(dir, url, OPTIONS);
    const now = () => Date.now() + 7_200_000;
    await bench.capture({ untilCaughtUp: true, signal: later(), now });
    await sql(url, "UPDATE ward.patients SET name = 'm'");
    await bench.catchUp();
    expect(kinds(eventsOf(await bench.events(), "ward.patients"))).toBe("baseline schema update");
    await bench.close();
  }, 60_000);

  it("through messages that nobody should send, and a flood of markers", async () => {
    const bench = await open(dir, url, OPTIONS);
    await bench.catchUp();
    const say = (prefix: string, text: string) =>
      `SELECT pg_logical_emit_message(true, 'anamnesis.${prefix}', $m$${text}$m$)`;
    await sql(
      url,
      [
        "BEGIN",
        say("actor", '{"actor": "\\ud800 dr"}'),
        say("actor", "[]"),
        say("actor", '{"actor": 5}'),
        say("read", '{"table": "ward.patients", "key": [null]}'),
        say("read", '{"table": "ward.patients", "key": ["\\u0000"]}'),
        say("read", '{"table": "__proto__", "key": []}'),
        say("barrier", "x".repeat(9_000)),
        "UPDATE ward.patients SET name = 'm'",
        "COMMIT",
      ].join("; "),
      "SELECT pg_logical_emit_message(true, 'anamnesis.barrier', 'flood-' || i) FROM generate_series(1, 20000) i",
    );
    const started = performance.now();
    await bench.catchUp();
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(kinds(eventsOf(await bench.events(), "ward.patients"))).toBe("baseline schema read read update");
    await bench.close();
  }, 60_000);

  it("inside a large transaction when another table of it is gone meanwhile", async () => {
    const rows = 60_000;
    const bench = await open(dir, url, OPTIONS);
    await bench.catchUp();
    await sql(
      url,
      `DO $$ BEGIN FOR i IN 2..${rows} LOOP
         INSERT INTO ward.log VALUES (i, 0); INSERT INTO ward.patients VALUES (i, 'x');
         IF i % 10 = 0 THEN UPDATE ward.log SET a = 1, id = -i WHERE id = i; END IF;
       END LOOP; END $$`,
    );
    // Four batches become final; then capture is stopped, and nothing that was on its way gets through.
    const stop = new AbortController();
    let batches = 0;
    const refuse = () => Promise.reject(new AnamnesisError("ledger/closed", "stopped by the test"));
    const engine = new Proxy(bench.engine, {
      get(target, name) {
        if (name === "submitAttached") return undefined;
        if (name === "submit" && ++batches > 4) {
          stop.abort();
          return refuse;
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await bench.capture({ engine, signal: stop.signal });
    const half = (await bench.events()).length;
    expect(half).toBeGreaterThan(1_000);
    expect(half).toBeLessThan(2 * rows);
    await sql(url, "DROP TABLE ward.log");
    const { declared } = await bench.catchUp();
    expect(declared).toEqual([]);
    const events = eventsOf(await bench.events(), "ward.patients").filter((e) => e.kind === "create");
    expect(events.length).toBe(rows - 1);
    expect(new Set(events.map((e) => Buffer.from(e.row ?? []).toString("hex"))).size).toBe(rows - 1);
    await sql(url, "UPDATE ward.patients SET name = 'y' WHERE id = 7");
    expect((await bench.catchUp()).declared).toEqual([]);
    await bench.close();
  }, 120_000);
});
