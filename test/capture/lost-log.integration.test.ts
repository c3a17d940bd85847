/**
 * A server without the log that our slot stands in, as `pg_resetwal` leaves it: the slot is there and is called "reserved", and
 * reading from it fails. What was written meanwhile nobody saw: capture must say so, and vouch for nothing of it.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { withClient } from "@anamnesis/capture";
import { decodeEvent, isEventLeaf } from "@anamnesis/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { missing, startOf, suiteVersions } from "./types/versions.ts";
import { Chain, found } from "./verify-chain.ts";

/** Refuses to run as root: then in a user namespace where our own id has another name. */
const PLAIN = process.getuid?.() === 0 ? ["unshare", "--user", "--map-user=65534", "--map-group=65534"] : ["env"];
const SEGMENT = /^[0-9A-F]{24}$/;

describe.each(suiteVersions)("PostgreSQL %s", (version) => {
  const name = `PostgreSQL ${version} whose log was taken away`;

  describe.skipIf(missing(version, name))("whose log was taken away", () => {
    let chain: Chain;
    const sql = (text: string) => withClient({ url: chain.url }, (client) => client.query(text));
    const one = async (text: string): Promise<unknown> => Object.values((await sql(text)).rows[0] ?? {})[0];

    beforeEach(async () => {
      chain = await Chain.start(
        (url) =>
          withClient({ url }, (client) =>
            client.query(`CREATE TABLE public.patients (id int PRIMARY KEY, name text);
              ALTER TABLE public.patients REPLICA IDENTITY FULL;
              INSERT INTO public.patients SELECT i, 'first' FROM generate_series(1, 20) i`),
          ),
        startOf(version),
      );
      await chain.captureOnce();
    });
    afterEach(() => chain.close());

    /** With PostgreSQL's own program where there is one for this version; the programs from npm come without it. */
    async function takeLogAway(): Promise<void> {
      await sql("SELECT pg_switch_wal()");
      await sql("INSERT INTO public.patients VALUES (21, 'unseen')");
      await sql("CHECKPOINT");
      const newest = String(await one("SELECT pg_walfile_name(pg_current_wal_lsn())"));
      await chain.restart((dataDir) => {
        const program = `/usr/lib/postgresql/${version}/bin/pg_resetwal`;
        const [file = "env", ...before] = PLAIN;
        if (existsSync(program)) return execFileSync(file, [...before, program, "-f", dataDir], { cwd: dataDir });
        const log = join(dataDir, "pg_wal");
        const old = readdirSync(log).filter((segment) => SEGMENT.test(segment) && segment < newest);
        expect(old.length).toBeGreaterThan(0);
        for (const segment of old) rmSync(join(log, segment));
      });
    }

    async function gaps(): Promise<number> {
      let count = 0;
      const { size } = await chain.engine.checkpoint();
      for await (const { leaf } of chain.engine.leaves(0, size))
        if (isEventLeaf(leaf) && decodeEvent(leaf).kind === "gap") count++;
      return count;
    }

    it("declares the gap, names the rows that nobody saw written, and goes on behind it", async () => {
      await sql("UPDATE public.patients SET name = 'unseen' WHERE id < 3");
      await sql("DELETE FROM public.patients WHERE id = 9");
      await takeLogAway();
      expect(await one("SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr'")).not.toBe(
        "lost",
      );

      const unseen = ["altered", "altered", "missing", "unexplained"].map(
        (kind, i) => `${kind} public.patients ${[1, 2, 9, 21][i]}`,
      );
      chain.startCapture();
      expect(found(await chain.verify())).toEqual(unseen);
      expect(await gaps()).toBe(1);
      await sql("UPDATE public.patients SET name = 'seen' WHERE id = 20");
      expect(found(await chain.verify())).toEqual(unseen);
      expect(found(await chain.verify({ mode: "from-log" }))).toEqual(unseen);
      await chain.stopCapture();
      await chain.captureOnce();
      expect(await gaps()).toBe(1);
    });
  });
});
