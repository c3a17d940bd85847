/** The database's own disk is full for a while. Capture waits, and goes on: nothing is lost, nothing stands twice. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startPostgres } from "@anamnesis/sandbox";
import { skipLoudly } from "@anamnesis/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { open, sql } from "./harness.ts";
import { findingsOf, MariadbHospital } from "./mariadb-hospital.ts";
import { noMariadb } from "./mariadb-place.ts";
import { misfits } from "./oracle.ts";

const MIB = 1024 * 1024;

const mounted = mkdtempSync(join(tmpdir(), "anamnesis-disk-"));
const name = "a full disk of the database";
const noMount = !tryMount() && skipLoudly({ name, needs: "tmpfs", reason: "this user cannot mount a tmpfs" });

function tryMount(): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=400m,mode=755", "tmpfs", mounted], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Takes all space that is left. */
function fill(): void {
  for (let i = 0, size = 64 * MIB; size >= 4_096; i++) {
    try {
      writeFileSync(join(mounted, `filler-${i}`), Buffer.alloc(size, 1));
    } catch {
      size = Math.floor(size / 2);
    }
  }
}

function empty(): void {
  execFileSync("sh", ["-c", `rm -f '${mounted}'/filler-*`]);
}

afterAll(() => {
  if (noMount === false) execFileSync("umount", ["-l", mounted]);
  rmSync(mounted, { recursive: true, force: true });
});

describe.skipIf(noMount)(name, { timeout: 120_000 }, () => {
  const own = mkdtempSync(join(tmpdir(), "anamnesis-disk-own-"));
  afterAll(() => rmSync(own, { recursive: true, force: true }));

  it("makes PostgreSQL refuse and fall; capture goes on when it is back", async () => {
    let postgres = await startPostgres({
      dir: join(mounted, "pg"),
      extraSettings: { min_wal_size: "32MB", max_wal_size: "64MB" },
    });
    const { url, port } = postgres;
    try {
      await sql(
        url,
        "CREATE TABLE public.t (id int PRIMARY KEY, v text)",
        "ALTER TABLE public.t REPLICA IDENTITY FULL",
      );
      const bench = await open(own, url);
      await bench.catchUp();
      const stop = new AbortController();
      const capturing = bench.capture({ signal: stop.signal, patient: true });
      await sql(url, "INSERT INTO public.t SELECT i, 'before' FROM generate_series(1, 200) i");
      fill();
      let answered = 0;
      for (let refused = false; !refused; answered++) {
        const from = 1_000 + answered * 20_000;
        refused = await sql(
          url,
          `INSERT INTO public.t SELECT i, repeat('x', 400) FROM generate_series(${from}, ${from + 19_999}) i`,
        ).then(
          () => false,
          () => true,
        );
      }
      await sleep(500);
      empty();
      await postgres.stop();
      postgres = await startPostgres({ dir: join(mounted, "pg"), port });
      await sql(url, "INSERT INTO public.t VALUES (1, 'after') ON CONFLICT (id) DO UPDATE SET v = 'after'");
      await sleep(300);
      stop.abort();
      await capturing;
      expect((await bench.catchUp()).declared).toEqual([]);
      const events = await bench.events();
      expect(new Set(events.map((e) => `${e.lsn}/${e.ordinal}`)).size).toBe(events.length);
      expect(events.filter((e) => e.kind === "gap" || e.kind === "restored")).toEqual([]);
      expect(await misfits(url, events, bench.keystore)).toEqual([]);
      await bench.close();
    } finally {
      empty();
      await postgres.stop();
      rmSync(join(mounted, "pg"), { recursive: true, force: true });
    }
  });

  describe.skipIf(noMariadb(`${name}: MariaDB`))("of MariaDB", () => {
    it("and of our own makes both wait; capture goes on with the database", async () => {
      const before = process.env["TMPDIR"];
      process.env["TMPDIR"] = mounted;
      const hospital = await MariadbHospital.open("CREATE TABLE t (id INT PRIMARY KEY, v TEXT)").finally(() => {
        if (before === undefined) delete process.env["TMPDIR"];
        else process.env["TMPDIR"] = before;
      });
      try {
        expect(findingsOf(await hospital.verify())).toEqual([]);
        await hospital.start();
        await hospital.sql("INSERT INTO t SELECT seq, 'before' FROM seq_1_to_200");
        await hospital.verify();
        // The ledger lies on the same disk: both sides are out of space.
        fill();
        let answered = false;
        const writing = hospital.sql("INSERT INTO t SELECT seq, REPEAT('x', 2000) FROM seq_1000_to_9000").then(
          () => {
            answered = true;
          },
          () => undefined,
        );
        await sleep(2_000);
        expect(answered).toBe(false);
        empty();
        await writing;
        await hospital.sql("INSERT INTO t VALUES (500, 'after')");
        expect(findingsOf(await hospital.verify())).toEqual([]);
        expect(findingsOf(await hospital.verify("from-log"))).toEqual([]);
        expect((await hospital.events()).filter((e) => e.kind === "gap" || e.kind === "restored")).toEqual([]);
      } finally {
        empty();
        await hospital.close();
      }
    });
  });
});
