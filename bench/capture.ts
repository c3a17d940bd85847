/**
 * `npm run bench -- capture`: changes per second of the full pipeline (decode, seal, batch, sign, ledger, index) draining a
 * backlog, against the bare consumer (decode, discard) over the same backlog from a slot made at the same place,
 * alternating in one run.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connect,
  openKeyStore,
  openProgress,
  openReplication,
  parseLsn,
  parseMessage,
  postgresSource,
  runCapture,
} from "@anamnesis/capture";
import { openRowIndex } from "@anamnesis/capture/index";
import { contract } from "@anamnesis/contracts";
import { chainId, orgId, sourceId } from "@anamnesis/core";
import { handles, signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { createLedger, openEmbedded } from "@anamnesis/embedded";
import { startPostgres } from "@anamnesis/sandbox";

export interface CaptureFigures {
  readonly changes: number;
  /** Per round: changes per second of pipeline and bare consumer. */
  readonly rounds: readonly { readonly pipeline: number; readonly bare: number }[];
  readonly peakMiB: number;
}

const CHAIN = chainId("bench");
const ORG = orgId("bench");
const SOURCE = sourceId("ehr");
const PEER = "bench_peer";
const seed = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

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

/** @param transactions ten changes each */
export async function measureCapture(transactions = 10_000, rounds = 3): Promise<CaptureFigures> {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-bench-"));
  const postgres = await startPostgres({ dir: join(dir, "pg") });
  const { url } = postgres;
  const admin = await connect({ url });
  const org = await openOrganisation(join(dir, "org"), url);
  const results: { pipeline: number; bare: number }[] = [];
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 50);
  try {
    await admin.query("SET search_path = public");
    await admin.query(SCHEMA);
    await org.catchUp();
    await admin.query(`SELECT pg_create_logical_replication_slot('${PEER}', 'pgoutput')`);
    for (let round = 0; round < rounds; round++) {
      await admin.query(backlog(1 + round * transactions, transactions));
      const { rows } = await admin.query<{ lsn: string }>("SELECT pg_current_wal_flush_lsn()::text AS lsn");
      const end = parseLsn(rows[0]?.lsn ?? "0/0");
      const changes = transactions * 10;
      const measured = { pipeline: () => org.catchUp(), bare: () => drainBare(url, end) };
      const order = round % 2 === 0 ? (["bare", "pipeline"] as const) : (["pipeline", "bare"] as const);
      const rates = { pipeline: 0, bare: 0 };
      for (const name of order) {
        const started = performance.now();
        const seen = await measured[name]();
        if (seen !== changes) throw new Error(`${name} saw ${seen} of ${changes} changes`);
        rates[name] = Math.round((changes / (performance.now() - started)) * 1000);
      }
      results.push(rates);
    }
    return { changes: transactions * 10, rounds: results, peakMiB: Math.round(peak / 2 ** 20) };
  } finally {
    clearInterval(timer);
    await org.close();
    await admin.end();
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function drainBare(url: string, end: bigint): Promise<number> {
  let changes = 0;
  const signal = new AbortController();
  const replication = await openReplication(
    { url, slot: PEER, publication: "anamnesis_ehr", signal: signal.signal },
    {
      data(data, at) {
        const { tag } = parseMessage(data, at);
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

async function openOrganisation(dir: string, url: string) {
  mkdirSync(dir, { recursive: true });
  const signer = signerFromSeed(native, "INTL-1", seed(1));
  const log = signerFromSeed(native, "INTL-1", seed(2));
  const ledger = { dir: join(dir, "ledger"), primitives: native, contract, logSigner: seed(2) };
  const keys = [{ suite: "INTL-1", publicKey: signer.publicKey }];
  const organisations = [{ id: ORG, name: "Bench", keys }];
  await createLedger({ ...ledger, genesis: { chain: CHAIN, time: 1, organisations, logKey: log.publicKey } });
  const engine = await openEmbedded({ ...ledger, clock: { now: Date.now } });
  const index = openRowIndex(join(dir, "index.db"), { source: SOURCE });
  const keystore = openKeyStore({ path: join(dir, "keys.db"), primitives: native });
  const progress = openProgress(join(dir, "progress.db"));
  const own = handles(native, seed(3));
  const source = postgresSource({ url, name: SOURCE, handles: own, primitives: native, include: ["public.*"] });
  return {
    async catchUp(): Promise<number> {
      const summary = await runCapture({
        ...{ source, engine, index, keystore, progress, signer, primitives: native, handles: own },
        ...{
          chain: CHAIN,
          organisation: ORG,
          sourceId: SOURCE,
          untilCaughtUp: true,
          signal: new AbortController().signal,
        },
      });
      return summary.events;
    },
    async close(): Promise<void> {
      await engine.close();
      index.close();
      keystore.close();
      progress.close();
    },
  };
}
