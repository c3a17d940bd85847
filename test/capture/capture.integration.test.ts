import { setTimeout as sleep } from "node:timers/promises";
import { connect, copyRows, parseRow, RowWriter, rowText } from "@anamnesis/capture";
import { toHex } from "@anamnesis/core";
import type { Event } from "@anamnesis/ledger";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Bench, eventsOf, kinds, open, type Place, place, sourceHandles, sql } from "./harness.ts";
import { misfits } from "./oracle.ts";

let at: Place;
let url: string;
let bench: Bench;
let opened: Bench | undefined;
let count = 0;

beforeAll(async () => {
  at = await place();
  url = at.postgres.url;
});
afterAll(() => at.remove());

beforeEach(async () => {
  await sql(url, "DROP SCHEMA IF EXISTS ward CASCADE", "CREATE SCHEMA ward");
});
afterEach(async () => {
  await opened?.close();
  opened = undefined;
  await sql(
    url,
    "DROP PUBLICATION IF EXISTS anamnesis_ehr",
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr'",
  );
});

/** A new ledger over the tables that the statements make. */
async function begin(...statements: readonly string[]): Promise<void> {
  await sql(url, ...statements);
  bench = await open(`${at.dir}/${++count}`, url, { include: ["ward.*"] });
  opened = bench;
}

/** What is new in the log since the last look. */
let looked = 0;
async function after(...statements: readonly string[]): Promise<readonly Event[]> {
  const before = (await bench.events()).length;
  await sql(url, ...statements);
  await bench.catchUp();
  looked = before;
  return (await bench.events()).slice(looked);
}

const clean = async (): Promise<void> => {
  expect(await misfits(url, await bench.events(), bench.keystore)).toEqual([]);
};

const PATIENTS = "CREATE TABLE ward.patients (id int PRIMARY KEY, name text, born date)";

describe("what a change becomes", () => {
  it("insert, update, delete, upsert, COPY-like bulk and truncate", async () => {
    await begin(
      PATIENTS,
      "ALTER TABLE ward.patients REPLICA IDENTITY FULL",
      "INSERT INTO ward.patients VALUES (1, 'a')",
    );
    await bench.catchUp();
    expect(kinds(await bench.events())).toBe("baseline schema");
    expect(kinds(await after("INSERT INTO ward.patients VALUES (2, NULL, '2020-01-01')"))).toBe("create");
    expect(kinds(await after("UPDATE ward.patients SET name = '' WHERE id = 2"))).toBe("update");
    await clean();
    const upsert = "INSERT INTO ward.patients VALUES (2, 'x'), (3, 'y') ON CONFLICT (id) DO UPDATE SET name = 'z'";
    expect(kinds(await after(upsert))).toBe("update create");
    expect(kinds(await after("DELETE FROM ward.patients WHERE id = 1"))).toBe("delete");
    expect(kinds(await after("UPDATE ward.patients SET id = 7 WHERE id = 2"))).toBe("delete create");
    await clean();
    const truncated = await after("TRUNCATE ward.patients", "INSERT INTO ward.patients VALUES (7, 'new')");
    expect(truncated.map((e) => [e.kind, e.row === null])).toEqual([
      ["truncate", true],
      ["create", false],
    ]);
    await clean();
  });

  it("nothing for what was rolled back", async () => {
    await begin(PATIENTS);
    await bench.catchUp();
    const done = await after(
      "BEGIN; INSERT INTO ward.patients VALUES (1, 'a'); ROLLBACK",
      "BEGIN; INSERT INTO ward.patients VALUES (2, 'b'); SAVEPOINT s; INSERT INTO ward.patients VALUES (3, 'c'); ROLLBACK TO s; COMMIT",
    );
    expect(kinds(done)).toBe("create");
    await clean();
  });

  it("a table without a key as a multiset", async () => {
    await begin("CREATE TABLE ward.log (a text, b int)", "ALTER TABLE ward.log REPLICA IDENTITY FULL");
    await sql(url, "INSERT INTO ward.log VALUES ('x', 1), ('x', 1), (NULL, 2), ('', 2)");
    await bench.catchUp();
    await clean();
    expect(kinds(await after("UPDATE ward.log SET b = 3 WHERE ctid = '(0,1)'"))).toBe("delete create");
    expect(kinds(await after("DELETE FROM ward.log WHERE a IS NULL", "INSERT INTO ward.log VALUES ('x', 1)"))).toBe(
      "delete create",
    );
    await clean();
  });

  it("partitions under the name of their root, also when a row moves", async () => {
    await begin(
      "CREATE TABLE ward.obs (id int, at date, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
      "CREATE TABLE ward.obs_1 PARTITION OF ward.obs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
      "CREATE TABLE ward.obs_2 PARTITION OF ward.obs FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
      "ALTER TABLE ward.obs_1 REPLICA IDENTITY FULL",
      "ALTER TABLE ward.obs_2 REPLICA IDENTITY FULL",
      "INSERT INTO ward.obs VALUES (1, '2020-05-05', 'a')",
    );
    await bench.catchUp();
    expect(kinds(await after("UPDATE ward.obs SET at = '2021-05-05' WHERE id = 1"))).toBe("delete create");
    expect(kinds(await after("UPDATE ward.obs SET v = 'b' WHERE id = 1"))).toBe("update");
    expect(eventsOf(await bench.events(), "ward.obs_1")).toEqual([]);
    await clean();
  });

  it("who and why, for what follows in the same transaction only", async () => {
    await begin(PATIENTS);
    await bench.catchUp();
    const say = (content: string, prefix = "anamnesis.actor"): string =>
      `SELECT pg_logical_emit_message(true, '${prefix}', '${content}')`;
    const events = await after(
      "INSERT INTO ward.patients VALUES (1, 'before')",
      `BEGIN; INSERT INTO ward.patients VALUES (2, 'early'); ${say('{"actor":"dr a","purpose":"TREAT"}')};
       INSERT INTO ward.patients VALUES (3, 'late'); ${say('{"table":"ward.patients","key":"3"}', "anamnesis.read")}; COMMIT`,
      `BEGIN; ${say("{nonsense")}; ${say("x", "somebody.else")}; INSERT INTO ward.patients VALUES (4, 'after'); COMMIT`,
    );
    const actor = toHex(sourceHandles.actor("dr a"));
    expect(events.map((e) => [e.kind, e.actor === null ? null : toHex(e.actor), e.purpose])).toEqual([
      ["create", null, null],
      ["create", null, null],
      ["create", actor, "TREAT"],
      ["read", actor, "TREAT"],
      ["create", null, null],
    ]);
    expect(toHex(events[3]?.row ?? new Uint8Array())).toBe(toHex(events[2]?.row ?? new Uint8Array()));
    expect(bench.index.actorName(sourceHandles.actor("dr a"))).toBe("dr a");
  });
});

describe("large values that an update leaves alone", () => {
  const make = [
    "CREATE TABLE ward.notes (id int PRIMARY KEY, n int, body text)",
    "ALTER TABLE ward.notes ALTER body SET STORAGE EXTERNAL",
    "INSERT INTO ward.notes VALUES (1, 1, repeat('long ', 3000))",
  ];

  it("come from the old row under REPLICA IDENTITY FULL", async () => {
    await begin(...make, "ALTER TABLE ward.notes REPLICA IDENTITY FULL");
    await bench.catchUp();
    expect((await after("UPDATE ward.notes SET n = 2"))[0]?.commitment).not.toBeNull();
    await clean();
  });

  it("are remembered as digests by key", async () => {
    await begin(...make);
    await bench.catchUp();
    expect((await after("UPDATE ward.notes SET n = 2"))[0]?.commitment).not.toBeNull();
    await clean();
    await after("UPDATE ward.notes SET body = body || '.'");
    await clean();
  });
});

describe("the canonical row", () => {
  const ODD = `SELECT 1.50::numeric AS a, '2024-02-29 12:34:56.000001+05'::timestamptz AS b, interval '1 month -2 days 03:04:05.6' AS c,
    '\\xdeadbeef'::bytea AS d, 0.1::float8 AS e, 1e-7::float4 AS f, '[1,10)'::int4range AS g,
    ARRAY['a,b', NULL, '"', E'\\\\'] AS h, '{"k": 1.0}'::jsonb AS i, 12.34::money AS j, true AS k, E'a\\tb\\nc\\\\d\\re' AS l,
    NULL::text AS m, '' AS n, DATE '0044-03-15 BC' AS o, 'infinity'::timestamp AS p, time '24:00' AS q, '1:2:3'::text AS r`;

  it("is the same from snapshot and stream, whatever the role has preset", async () => {
    await begin(`CREATE TABLE ward.odd AS ${ODD}`, "ALTER TABLE ward.odd ADD id serial PRIMARY KEY");
    await sql(url, "ALTER TABLE ward.odd REPLICA IDENTITY FULL");
    const hostile = [
      ...[
        "datestyle = 'German, DMY'",
        "intervalstyle = 'iso_8601'",
        "timezone = 'Asia/Kathmandu'",
        "extra_float_digits = '-3'",
      ],
      ...[
        "bytea_output = 'escape'",
        "search_path = 'ward'",
        "quote_all_identifiers = 'on'",
        "client_encoding = 'LATIN1'",
      ],
    ];
    await sql(url, ...hostile.map((s) => `ALTER ROLE postgres SET ${s}`));
    try {
      await bench.catchUp();
      expect(kinds(await bench.events())).toBe("baseline schema");
      await clean();
      await after(
        "INSERT INTO ward.odd SELECT * FROM ward.odd".replace(
          "SELECT *",
          "SELECT a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r, 2",
        ),
      );
      await clean();
      await after("UPDATE ward.odd SET a = 1.5 WHERE id = 1");
      await clean();
    } finally {
      await sql(url, "ALTER ROLE postgres RESET ALL");
    }
  });

  it("leaves generated columns out, and the owner's UPDATE working", async () => {
    await begin(
      "CREATE TABLE ward.bmi (id int PRIMARY KEY, kg int, m int, twice int GENERATED ALWAYS AS (kg * 2) STORED, note text)",
      "ALTER TABLE ward.bmi REPLICA IDENTITY FULL",
      "INSERT INTO ward.bmi VALUES (1, 80, 2, DEFAULT, 'a')",
    );
    await bench.catchUp();
    const changes = ["UPDATE ward.bmi SET kg = 81", "INSERT INTO ward.bmi VALUES (2, 1, 1, DEFAULT, NULL)"];
    expect(kinds(await after(...changes))).toBe("update create");
    await clean();
  });

  it("escapes as the server does", async () => {
    await sql(url, "CREATE TABLE ward.bytes (t text)");
    const client = await connect({ url });
    try {
      const texts = Array.from(
        { length: 127 },
        (_, i) => `x${String.fromCharCode(i + 1)}\\${String.fromCharCode(i + 1)}`,
      );
      await client.query("INSERT INTO ward.bytes SELECT unnest($1::text[])", [texts]);
      const written = new RowWriter();
      let rows = 0;
      await copyRows(client, "SELECT t FROM ward.bytes", (row) => {
        const [column] = parseRow(row, 1);
        expect(texts).toContain(Buffer.from(column ?? []).toString());
        expect(rowText(written.row([column ?? null]))).toBe(rowText(row));
        rows++;
      });
      expect(rows).toBe(texts.length);
    } finally {
      await client.end();
    }
  });
});

describe("snapshot, then stream", () => {
  it("misses nothing and tells nothing twice while others write", async () => {
    await begin(
      PATIENTS,
      "ALTER TABLE ward.patients REPLICA IDENTITY FULL",
      "CREATE TABLE ward.log (a int)",
      "ALTER TABLE ward.log REPLICA IDENTITY FULL",
      "INSERT INTO ward.patients SELECT i, 'n' || i FROM generate_series(1, 20000) i",
      "INSERT INTO ward.log SELECT i % 100 FROM generate_series(1, 5000) i",
    );
    const stop = new AbortController();
    const writers = [1, 2, 3].map((n) => writer(n, stop.signal));
    await sleep(200);
    await bench.catchUp();
    await sleep(200);
    await bench.catchUp();
    stop.abort();
    const written = (await Promise.all(writers)).reduce((a, b) => a + b, 0);
    await bench.catchUp();
    expect(written).toBeGreaterThan(50);
    const events = await bench.events();
    const named = new Set(events.map((e) => `${e.lsn}/${e.ordinal}`));
    expect(named.size).toBe(events.length);
    await clean();
  });

  async function writer(n: number, signal: AbortSignal): Promise<number> {
    const client = await connect({ url });
    let written = 0;
    while (!signal.aborted) {
      const id = 1 + ((written * 7919 + n * 104729) % 20_000);
      await client.query(`BEGIN; UPDATE ward.patients SET name = 'w${n}-${written}' WHERE id = ${id};
        INSERT INTO ward.patients VALUES (${100_000 * n + written}, 'new'); INSERT INTO ward.log VALUES (${written % 100});
        DELETE FROM ward.log WHERE ctid = (SELECT ctid FROM ward.log WHERE a = ${n} LIMIT 1); COMMIT`);
      written++;
    }
    await client.end();
    return written;
  }

  it("gives a table that comes later its baseline, and never vouches again for the others", async () => {
    await begin(PATIENTS, "INSERT INTO ward.patients VALUES (1, 'a')");
    await bench.catchUp();
    const events = await after(
      "CREATE TABLE ward.late (id int PRIMARY KEY)",
      "INSERT INTO ward.late SELECT generate_series(1, 10)",
      "INSERT INTO ward.patients VALUES (2, 'b')",
    );
    expect(kinds(eventsOf(events, "ward.late"))).toBe(`schema ${"baseline ".repeat(10)}schema`);
    expect(kinds(eventsOf(events, "ward.patients"))).toBe("create");
    await clean();
  });

  it("finishes an interrupted baseline without doubles, tables without a key included", async () => {
    await begin(
      PATIENTS,
      "ALTER TABLE ward.patients REPLICA IDENTITY FULL",
      "INSERT INTO ward.patients SELECT i, 'n' FROM generate_series(1, 30000) i",
      "CREATE TABLE ward.log (a int)",
      "ALTER TABLE ward.log REPLICA IDENTITY FULL",
      "INSERT INTO ward.log SELECT i % 10 FROM generate_series(1, 30000) i",
    );
    const stop = new AbortController();
    await bench.capture({
      untilCaughtUp: true,
      signal: stop.signal,
      onProgress: (p) => {
        if (p.phase === "baseline" && p.events > 0) stop.abort();
      },
    });
    const early = (await bench.events()).length;
    expect(early).toBeGreaterThan(0);
    expect(early).toBeLessThan(60_002);
    await sql(
      url,
      "DELETE FROM ward.log WHERE a = 3",
      "INSERT INTO ward.log SELECT 4 FROM generate_series(1, 7)",
      "UPDATE ward.patients SET name = 'm' WHERE id % 3 = 0",
      "DELETE FROM ward.patients WHERE id % 3 = 1",
    );
    await bench.catchUp();
    await clean();
  });
});

describe("a large transaction", () => {
  it("passes in bounded memory", async () => {
    await begin("CREATE TABLE ward.big (id int PRIMARY KEY, v text)");
    await bench.catchUp();
    await sql(url, "INSERT INTO ward.big SELECT i, repeat('x', 200) FROM generate_series(1, 300000) i");
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    let peak = before;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 20);
    const summary = await bench.catchUp();
    clearInterval(timer);
    expect(summary.events).toBe(300_000);
    expect((peak - before) / 2 ** 20).toBeLessThan(250);
    console.info(`300,000 rows in one transaction: +${Math.round((peak - before) / 2 ** 20)} MB`);
  });
});
