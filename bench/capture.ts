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
import { createLedger, openInThread } from "@anamnesis/embedded";
import { startPostgres } from "@anamnesis/sandbox";
import { type Bench, compared } from "./harness.ts";

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

/** Transactions of ten changes each. */
const TRANSACTIONS = 10_000;
const ROUNDS = 5;

export const bench: Bench = async (say) => {
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-bench-"));
  const postgres = await startPostgres({ dir: join(dir, "pg") });
  const admin = await connect({ url: postgres.url });
  const org = await openOrganisation(join(dir, "org"), postgres.url);
  const memory = watchMemory();
  try {
    await admin.query("SET search_path = public");
    await admin.query(SCHEMA);
    await org.catchUp();
    await admin.query(`SELECT pg_create_logical_replication_slot('${PEER}', 'pgoutput')`);
    const rates = { pipeline: [] as number[], bare: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      say(`round ${round + 1}/${ROUNDS}: making a backlog of ${TRANSACTIONS * 10} changes`);
      await admin.query(backlog(1 + round * TRANSACTIONS, TRANSACTIONS));
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
  const entry = new URL("./capture/ledger-thread.ts", import.meta.url);
  const data = { dir: ledger.dir, logSigner: ledger.logSigner };
  const engine = await openInThread(entry, data, { dir: ledger.dir, primitives: native });
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
