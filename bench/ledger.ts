/**
 * `npm run bench -- ledger [--organisations N]`: durable, batch-signed events per second of the embedded engine in one process: real contract,
 * signatures, state tree, tiles, signed checkpoint, COMMIT flushed. Batches are made and signed beforehand.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contract, encodeBatchBody, START } from "@anamnesis/contracts";
import { sourceId } from "@anamnesis/core";
import type { Signer } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { createLedger, openEmbedded } from "@anamnesis/embedded";
import {
  encodeEvent,
  type Genesis,
  leafHashes,
  type SignedTransaction,
  signTransaction,
  treeHash,
} from "@anamnesis/ledger";
import { founded, founderSigner } from "@anamnesis/ledger/conformance/founding";
import { startPostgres } from "@anamnesis/sandbox";
import { tuneCollector } from "../packages/cli/src/memory.ts";
import { type Bench, compared, type Figure, interleaved } from "./harness.ts";
import { bareLog } from "./peers/bare-log.ts";
import { postgresChain } from "./peers/postgres-chain.ts";
import { rawAppend } from "./peers/raw-append.ts";
import { numberOption } from "./source/statistics.ts";

const BATCHES = 60;
const EVENTS = 4096;
/** Batches that one block of the engine takes under load (4 MiB); the peers flush as often. */
const BATCHES_PER_BLOCK = 7;
const CLIENTS = 16;
const POSTGRES_SECONDS = 3;
/** The first run of ours is cold code; the median leaves it out. */
const RUNS = 5;

const SOURCE = sourceId("hospital-nord-ehr");
const FIRST_LSN = 0x16b374d848n;

/** Organisations that write, in turns; `--organisations N` for one number alone. */
const ORGANISATIONS = [1, 4, 16];

const logSeed = new Uint8Array(32).fill(2);
const logKey = native.ed25519PublicKey(logSeed);

interface Chain {
  readonly genesis: Genesis;
  readonly signers: readonly Signer[];
}

function chainOf(organisations: number): Chain {
  const ids = Array.from({ length: organisations }, (_, i) => `member-${i + 1}`);
  const genesis = founded(native, { chain: "bench", organisations: ids, logKey });
  return { genesis, signers: ids.map((id) => founderSigner(native, id)) };
}

/** Batches of sources that change rows one by one: each organisation has one, and they take turns. */
function makeBatches({ genesis, signers }: Chain, batches: number): SignedTransaction[] {
  const lsns = signers.map(() => 0n);
  return Array.from({ length: batches }, (_, n) => {
    const turn = n % signers.length;
    const nonce = Math.floor(n / signers.length);
    let lsn = (lsns[turn] ?? 0n) + (nonce === 0 ? FIRST_LSN : 0n);
    const from = nonce === 0 ? START : { lsn, ordinal: 1 };
    const leaves = Array.from({ length: EVENTS }, () => {
      lsn += 200n;
      return leafAt(lsn);
    });
    lsns[turn] = lsn;
    const root = treeHash(native, leafHashes(native, leaves));
    const to = { lsn, ordinal: 1 };
    const header = { source: SOURCE, incarnation: new Uint8Array(8), from, to, count: EVENTS, root };
    const body = encodeBatchBody(header);
    const transaction = { chain: genesis.chain, kind: "events.batch", nonce: nonce + 1, expires: 4_000_000_000, body };
    return signTransaction(native, transaction, signers.slice(turn, turn + 1), leaves);
  });
}

const leafAt = (lsn: bigint): Uint8Array =>
  encodeEvent({
    kind: "update",
    source: SOURCE,
    table: native.random(8),
    row: native.random(16),
    schema: native.random(8),
    commitment: native.random(32),
    lsn,
    ordinal: 1,
    xid: 7_000_000n + lsn - FIRST_LSN,
    time: 1_790_000_000_000_000 + Number(lsn),
    actor: native.random(16),
    purpose: "TREAT",
  });

async function engineSeconds(dir: string, genesis: Genesis, batches: readonly SignedTransaction[]): Promise<number> {
  const options = { dir, genesis, primitives: native, contract, logSigner: logSeed };
  await createLedger(options);
  const engine = await openEmbedded({ ...options, clock: { now: () => Date.now() } });
  const started = performance.now();
  await Promise.all(batches.map((each) => engine.submit(each)));
  const seconds = (performance.now() - started) / 1000;
  await engine.close();
  return seconds;
}

export const bench: Bench = async (say) => {
  // As the command does, for all contenders.
  tuneCollector();
  const only = process.argv.includes("--organisations") ? [numberOption("organisations", 1)] : ORGANISATIONS;
  const dir = mkdtempSync(join(tmpdir(), "anamnesis-bench-"));
  try {
    const figures: Figure[] = [];
    for (const organisations of only) {
      say(`${organisations} organisations: making ${BATCHES} batches of ${EVENTS} events`);
      const work = workOf(organisations);
      figures.push(...(await againstFiles(dir, work, say)));
      // PostgreSQL goes on writing between its turns: it gets turns of its own, so that it disturbs no other comparison.
      if (organisations === 1) figures.push(await againstPostgres(dir, work, say));
    }
    return figures;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

interface Work {
  readonly name: string;
  readonly chain: Chain;
  readonly batches: readonly SignedTransaction[];
}

function workOf(organisations: number): Work {
  const chain = chainOf(organisations);
  const of = organisations === 1 ? "" : `, ${organisations} organisations`;
  return { name: `durable events, embedded engine${of}`, chain, batches: makeBatches(chain, BATCHES) };
}

/** Contender: the engine on a fresh folder. */
function engineOn(dir: string, { chain, batches }: Work): () => Promise<number> {
  return async () =>
    (batches.length * EVENTS) / (await engineSeconds(mkdtempSync(join(dir, "engine-")), chain.genesis, batches));
}

async function againstFiles(dir: string, work: Work, say: (line: string) => void) {
  const { name, batches } = work;
  const total = batches.length * EVENTS;
  const blocks = Array.from({ length: Math.ceil(batches.length / BATCHES_PER_BLOCK) }, (_, i) =>
    batches.slice(i * BATCHES_PER_BLOCK, (i + 1) * BATCHES_PER_BLOCK).flatMap((each) => each.attachments),
  );
  const file = () => join(mkdtempSync(join(dir, "peer-")), "log");
  const contenders = {
    engine: engineOn(dir, work),
    raw: async () => total / rawAppend(file(), blocks),
    bare: async () => total / bareLog(file(), blocks),
  };
  const { engine, raw, bare } = await interleaved(contenders, say, RUNS);
  return [
    compared(name, "events/s", engine, { name: "raw append + fdatasync", values: raw }),
    compared(name, "events/s", engine, {
      name: "the same path without contract, state and index",
      values: bare,
      aim: { least: 0.6 },
    }),
  ];
}

async function againstPostgres(dir: string, work: Work, say: (line: string) => void) {
  const postgres = await startPostgres({ dir: join(dir, "postgres") });
  try {
    const leaves = work.batches[0]?.attachments ?? [];
    const contenders = {
      engine: engineOn(dir, work),
      postgres: () => postgresChain(postgres.url, leaves, CLIENTS, POSTGRES_SECONDS),
    };
    const runs = await interleaved(contenders, say, 3);
    const name = `PostgreSQL hash chain, ${CLIENTS} clients`;
    return compared(work.name, "events/s", runs.engine, { name, values: runs.postgres, aim: { least: 20 } });
  } finally {
    await postgres.stop();
  }
}
