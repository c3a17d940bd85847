/** The whole hospital on another server: after a fail-over, and after a dump and restore. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withClient } from "@anamnesis/capture";
import { AnamnesisError } from "@anamnesis/core";
import { copyServer, type LegalStep, type Postgres, restoreHospital, startPostgres } from "@anamnesis/sandbox";
import type { Stage } from "../attacks/stage.ts";

const FOLLOWS_MS_MAX = 30_000;

/**
 * A standby is made, follows the ward's work, and takes over when the first server is killed. What capture had not seen by
 * then would be lost to it: here it has seen all.
 */
export async function failOver(stage: Stage, dir: string, writes: number, signal: AbortSignal): Promise<void> {
  const standbyDir = join(dir, "standby");
  await stage.withoutServer((dataDir) => copyServer(join(dataDir, ".."), standbyDir));
  await withClient({ url: stage.url }, (c) => c.query("SELECT pg_create_physical_replication_slot('standby')"));
  const standby = await startPostgres({ dir: standbyDir, signal, extraSettings: follow(stage.url, standbyDir) });
  try {
    await stage.work(writes);
    await stage.moveTo(async (first) => {
      await level(first, standby);
      await first.kill9();
      await withClient({ url: standby.url }, (c) => c.query("SELECT pg_promote(true, 30)"));
      return standby;
    });
  } catch (error) {
    await standby.stop();
    throw error;
  }
}

/** Settings of a server that follows the one at `url`. */
function follow(url: string, dir: string): Readonly<Record<string, string>> {
  writeFileSync(join(dir, "data", "standby.signal"), "");
  const { port, password } = new URL(url);
  const primary = `host=127.0.0.1 port=${port} user=postgres password=${password} dbname=hospital`;
  return { primary_conninfo: primary, primary_slot_name: "standby", hot_standby_feedback: "on" };
}

async function level(first: Postgres, standby: Postgres): Promise<void> {
  const ask = async (url: string, sql: string): Promise<string> =>
    withClient({ url }, async (client) => (await client.query<{ v: string }>(sql)).rows[0]?.v ?? "");
  const end = await ask(first.url, "SELECT pg_current_wal_lsn()::text AS v");
  for (const until = Date.now() + FOLLOWS_MS_MAX; ; await sleep(50)) {
    if ((await ask(standby.url, `SELECT (pg_last_wal_replay_lsn() >= '${end}')::text AS v`)) === "true") return;
    if (Date.now() > until) throw new AnamnesisError("cli/demo-failed", "the standby does not follow");
  }
}

/** A new server with the same tables, filled row by row from the old one. */
export function restore(stage: Stage, dir: string, steps: readonly LegalStep[], signal: AbortSignal): Promise<void> {
  return stage.moveTo(async (old) => {
    const next = await startPostgres({ dir: join(dir, "restored"), signal });
    try {
      await restoreHospital(old.url, next.url, steps);
      return next;
    } catch (error) {
      await next.stop();
      throw error;
    }
  });
}
