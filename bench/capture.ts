/**
 * `npm run bench -- capture [--restart-point] [--changes N]`: changes per second of the full pipeline (decode, seal, batch, sign, ledger, index) draining a
 * backlog, against the bare consumer (decode, discard) over the same backlog from a slot made at the same place,
 * alternating in one run. A slot that is opened again makes PostgreSQL read its log from the last restart point on, which it notes
 * every 15 seconds: 0 to 600 ms, the same for both. With `--restart-point` it notes one behind each backlog, and reads nothing twice.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, openReplication, parseLsn, parseMessage, postgresSource } from "@anamnesis/capture";
import { startPostgres } from "@anamnesis/sandbox";
import { tuneCollector } from "../packages/cli/src/memory.ts";
import { openOrganisation, SOURCE } from "./capture/organisation.ts";
import { type Bench, compared } from "./harness.ts";
import { numberOption } from "./source/statistics.ts";

const PEER = "bench_peer";

const SCHEMA = `
  CREATE TABLE patients (id int PRIMARY KEY, name text);
  CREATE TABLE observations (id bigint PRIMARY KEY, patient_id int NOT NULL REFERENCES patients (id), code text NOT NULL,
    value numeric(12,3), unit text, at timestamptz NOT NULL, note text);
  ALTER TABLE observations REPLICA IDENTITY FULL;
  INSERT INTO patients SELECT i, 'patient ' || i FROM generate_series(1, 1000) i;`;

/** Two thirds inserts, one third updates, ten rows a transaction, about 200 bytes a row. */
const backlog = (from: number, transactions: number): string => `
  DO $$ BEGIN FOR t IN ${from}..${from + transactions - 1} LOOP
    INSERT INTO observations SELECT t * 10 + i, 1 + (t * 10 + i) % 1000, 'loinc-' || i, t + i / 8.0, 'mmol/l',
      timestamptz '2024-01-01' + t * interval '37.000123 s', md5(t::text || i) || ' ' || md5(i::text || t) || ' usual'
      FROM generate_series(1, 7) i;
    UPDATE observations SET value = value + 1 WHERE id BETWEEN t * 10 + 1 AND t * 10 + 3;
    COMMIT;
  END LOOP; END $$`;

const RESTART_POINT = process.argv.includes("--restart-point");

/** Transactions of ten changes each. */
const TRANSACTIONS = Math.ceil(numberOption("changes", 100_000) / 10);
const ROUNDS = 5;
/** Before them, uncounted: what runs for months is measured when its code is compiled, on both sides. */
const WARM_UPS = 2;

export const bench: Bench = async (say) => {
  tuneCollector();
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-bench-"));
  const postgres = await startPostgres({ dir: join(dir, "pg") });
  const admin = await connect({ url: postgres.url });
  const org = await openOrganisation(join(dir, "org"), (options) =>
    postgresSource({ ...options, url: postgres.url, name: SOURCE, include: ["public.*"] }),
  );
  const memory = watchMemory();
  try {
    await admin.query("SET search_path = public");
    await admin.query(SCHEMA);
    await org.catchUp();
    await admin.query(`SELECT pg_create_logical_replication_slot('${PEER}', 'pgoutput')`);
    const rates = { pipeline: [] as number[], bare: [] as number[] };
    for (let round = 0; round < WARM_UPS + ROUNDS; round++) {
      if (round === WARM_UPS) for (const each of [rates.pipeline, rates.bare]) each.length = 0;
      const name = round < WARM_UPS ? "warming up" : `round ${round - WARM_UPS + 1}/${ROUNDS}`;
      say(`${name}: making a backlog of ${TRANSACTIONS * 10} changes`);
      await admin.query(backlog(1 + round * TRANSACTIONS, TRANSACTIONS));
      // Both pass it in this round, and begin there in the next.
      if (RESTART_POINT) await admin.query("SELECT pg_log_standby_snapshot()");
      await measureRound(
        round,
        rates,
        { pipeline: () => org.catchUp(), bare: async () => drainBare(postgres.url, await end(admin)) },
        say,
      );
    }
    const peer = { name: "decode and discard", values: rates.bare, aim: { least: 0.5 } };
    return [
      compared("capture", "changes/s", rates.pipeline, peer),
      { name: "peak memory", value: memory.peakMiB(), unit: "MiB", n: ROUNDS },
    ];
  } finally {
    memory.stop();
    await org.close();
    await admin.end();
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};

type Contender = "pipeline" | "bare";

/** Both drain the same backlog; who goes first alternates. */
async function measureRound(
  round: number,
  rates: Readonly<Record<Contender, number[]>>,
  contenders: Readonly<Record<Contender, () => Promise<number>>>,
  say: (line: string) => void,
): Promise<void> {
  const changes = TRANSACTIONS * 10;
  const order: readonly Contender[] = round % 2 === 0 ? ["bare", "pipeline"] : ["pipeline", "bare"];
  for (const name of order) {
    const started = performance.now();
    const seen = await contenders[name]();
    if (seen !== changes) throw new Error(`${name} saw ${seen} of ${changes} changes`);
    const rate = Math.round((changes / (performance.now() - started)) * 1000);
    rates[name].push(rate);
    say(`${name}: ${rate} changes/s`);
  }
}

async function end(admin: Awaited<ReturnType<typeof connect>>): Promise<bigint> {
  const { rows } = await admin.query<{ lsn: string }>("SELECT pg_current_wal_flush_lsn()::text AS lsn");
  return parseLsn(rows[0]?.lsn ?? "0/0");
}

function watchMemory() {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 50);
  return { peakMiB: () => Math.round(peak / 2 ** 20), stop: () => clearInterval(timer) };
}

async function drainBare(url: string, end: bigint): Promise<number> {
  let changes = 0;
  const signal = new AbortController();
  const replication = await openReplication(
    { url, slot: PEER, publication: "anamnesis_ehr", signal: signal.signal },
    {
      data(data, at, to) {
        const { tag } = parseMessage(data, at, to);
        if (tag === "insert" || tag === "update" || tag === "delete") changes++;
        return true;
      },
      keepalive(position) {
        if (position < end) return true;
        replication.acknowledge(position);
        return false;
      },
    },
  );
  replication.ask();
  await replication.done;
  return changes;
}
