/**
 * `npm run bench -- outage [--minutes M] [--rate R]`: capture is dead while the hospital goes on, by default for one minute;
 * `--minutes 60` for a real hour. Afterwards: what the slot held back against its limit, whether the hospital noticed, how
 * fast capture caught up, and whether everything is on the ledger (`verify`).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withClient } from "@anamnesis/capture";
import type { Bench } from "./harness.ts";
import { Hospital } from "./source/hospital.ts";
import { numberOption } from "./source/statistics.ts";

/** Rows written by each transaction of the load. */
const CHANGES = 2;
const BEFORE_SECONDS = 10;

export const bench: Bench = async (say) => {
  const minutes = numberOption("minutes", 1);
  const rate = numberOption("rate", 200);
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-bench-"));
  const hospital = new Hospital(dir, "capture");
  try {
    await hospital.start();
    const before = await hospital.load({ warm: 2, seconds: BEFORE_SECONDS, rate });
    await hospital.caughtUp();
    await hospital.killNode();
    say(`capture is dead for ${minutes} min; the hospital does ${rate} transactions a second`);
    const during = await hospital.load({ warm: 0, seconds: minutes * 60, rate });
    const slot = await slotOf(hospital.url);
    say(`the slot holds ${slot.held} MiB of WAL back and is ${slot.status}; its limit is ${slot.limit} MiB`);
    const started = performance.now();
    await hospital.startNode();
    const seconds = (performance.now() - started) / 1000;
    const after = await slotOf(hospital.url);
    const n = during.transactions;
    return [
      { name: "changes while capture was dead", value: n * CHANGES, unit: "changes", n: 1 },
      {
        name: "held back by the slot",
        value: slot.held,
        unit: "MiB",
        peer: "its limit",
        peerValue: slot.limit,
        ratio: slot.held / slot.limit,
        n: 1,
        aim: { most: 1 },
      },
      { name: "held back after catching up", value: after.held, unit: "MiB", n: 1 },
      {
        name: "p50 while capture was dead",
        value: during.p50,
        unit: "ms",
        peer: "with capture",
        peerValue: before.p50,
        ratio: during.p50 / before.p50,
        n,
      },
      { name: "catching up until verified", value: seconds, unit: "s", n: 1 },
      {
        name: "rate of catching up",
        value: (n * CHANGES) / seconds,
        unit: "changes/s",
        peer: "as written",
        peerValue: rate * CHANGES,
        ratio: n / seconds / rate,
        n: 1,
      },
    ];
  } finally {
    await hospital.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};

async function slotOf(
  url: string,
): Promise<{ readonly held: number; readonly limit: number; readonly status: string }> {
  return withClient({ url }, async (client) => {
    const { rows } = await client.query<{ held: number; limit: number; status: string }>(
      `SELECT (pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) / 1048576)::float8 AS held, wal_status AS status,
              (pg_size_bytes(current_setting('max_slot_wal_keep_size')) / 1048576)::float8 AS limit
         FROM pg_replication_slots WHERE slot_name = 'anamnesis_ehr'`,
    );
    const [slot] = rows;
    if (slot === undefined) throw new Error("the slot has gone");
    return { ...slot, held: Math.round(slot.held * 10) / 10 };
  });
}
